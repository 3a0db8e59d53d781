"""Where training pictures come from: an array in memory, or a folder read as it is needed."""

import os
import threading

import numpy as np
import tensorflow as tf

from psp_keras.data.image_files import list_images, read_image
from psp_keras.data.mini_faces import MINI_FACES, MiniFaces
from psp_keras.data.read_ahead import ReadAhead
from psp_keras.data.training_order import shuffled_batches
from psp_keras.errors import UserError, print_left_out
from psp_keras.progress import Progress

_CACHE_BYTES = 2 * 1024**3
_DRAWN_AT_ONCE = 256
_AHEAD = 4  # batches


class ArraySource:
    """Pictures in memory.

    Args:
        images: uint8 `(N, H, W, C)`.
    """

    def __init__(self, images):
        self._images = tf.constant(images)

    def __len__(self):
        return self._images.shape[0]

    def fetch(self, indices):
        """Returns the uint8 pictures of a batch of sample numbers, inside tf.data."""
        return tf.gather(self._images, indices)

    def batches(self, steps, load):
        """Calls `load(step, indices, images)` for each `(step, indices, later indices)`, ahead of its use."""

        def fetch(step, indices, later):
            return load(step, indices, self.fetch(indices))

        return steps.map(fetch, num_parallel_calls=tf.data.AUTOTUNE).prefetch(_AHEAD)


class FolderSource:
    """Picture files, decoded when their turn comes: data sets may be larger than memory.

    Args:
        items: the files, or whatever `read` takes.
        read: function of an item, to uint8 `(H, W, C)`.
        on_broken: called with a line for each broken item; the next readable one takes its place.
    """

    def __init__(self, items, read, on_broken=print_left_out):
        self._items = list(items)
        self._read_one = read
        self._on_broken = on_broken
        self._broken = set()
        self._reporting = threading.Lock()
        self._reader = ReadAhead(self._read_from, os.cpu_count())
        self._shape = self._read_from(0).shape

    def __len__(self):
        return len(self._items)

    def fetch(self, indices):
        """Returns the uint8 pictures of a batch of sample numbers, inside tf.data."""
        return self._fetch(indices, indices[:0])

    def batches(self, steps, load):
        """Calls `load(step, indices, images)` for each `(step, indices, later indices)`; the files are read ahead.

        Python's own threads read ahead, and none of tf.data's: one that waits for Python when a script ends would keep
        it from ending. So nothing may run in the background from here on: no prefetch, no parallel calls.
        """

        def fetch(step, indices, later):
            return load(step, indices, self._fetch(indices, later))

        options = tf.data.Options()
        options.experimental_optimization.inject_prefetch = False
        return steps.map(fetch).with_options(options)

    def _fetch(self, indices, later):
        images = tf.numpy_function(self._read, [indices, later], tf.uint8)
        return tf.ensure_shape(images, (None, *self._shape))

    def _read(self, indices, later):
        return np.stack(self._reader.take(indices.tolist(), later.tolist()))

    def _read_from(self, index):
        for offset in range(len(self._items)):
            place = (index + offset) % len(self._items)
            try:
                return self._read_one(self._items[place])
            except UserError as error:
                self._report(place, str(error))
        raise UserError(f"None of the {len(self._items)} pictures can be read.")

    def _report(self, place, line):
        with self._reporting:
            if place not in self._broken:
                self._broken.add(place)
                self._on_broken(line)


def open_source(data, size, num_samples=20000, seed=0, on_broken=print_left_out):
    """Opens training data by name.

    Args:
        data: a folder of pictures, `"mini_faces"` or `"mini_faces_cartoon"`.
        size: pixels.
        num_samples: how many MiniFaces to draw.
        seed: of MiniFaces.
        on_broken: called with a line for each file left out.

    Returns:
        `ArraySource` or `FolderSource`.

    Raises:
        UserError: the folder is missing, or holds no readable picture.
    """
    if data in MINI_FACES:
        return ArraySource(draw_mini_faces(MiniFaces(size, seed=seed, style=MINI_FACES[data]), num_samples))
    return open_files(list_images(data), size, on_broken)


def check_source(data):
    """Raises a `UserError` when `open_source` could not open `data`, without reading the pictures."""
    if data not in MINI_FACES:
        list_images(data)


def open_files(items, size, on_broken=print_left_out, read=None):
    """Opens picture files: in memory where they fit, else read as they are needed.

    Args:
        items: the files, or whatever `read` takes.
        size: pixels to resize their middle square to.
        on_broken: called with a line for each item left out.
        read: function of an item, to uint8 `(size, size, C)`; by default an RGB picture.
    """
    read = read or (lambda path: read_image(path, size))
    if len(items) * size * size * 3 > _CACHE_BYTES:
        return FolderSource(items, read, on_broken)
    return ArraySource(read_images(items, read, on_broken)[1])


def read_images(items, read, on_broken=print_left_out):
    """Reads picture files under a progress bar and leaves broken ones out.

    Args:
        items: the files, or whatever `read` takes.
        read: function of an item, to uint8 `(H, W, C)`.
        on_broken: called with a line for each item left out.

    Returns:
        `(items, images)` of the readable ones, images uint8 `(N, H, W, C)`.

    Raises:
        UserError: none of them can be read.
    """
    progress = Progress(len(items), "picture")
    kept, images = [], []
    for item in items:
        try:
            images.append(read(item))
            kept.append(item)
        except UserError as error:
            on_broken(str(error))
        progress.add()
    if not images:
        raise UserError(f"None of the {len(items)} pictures can be read.")
    return kept, np.stack(images)


def draw_mini_faces(faces, count, draw=None):
    """Draws MiniFaces `0` to `count - 1` under a progress bar.

    Args:
        faces: `MiniFaces`.
        count: how many.
        draw: function of sample numbers, to uint8 `(N, size, size, C)`; `faces.images` by default.

    Returns:
        uint8 `(count, size, size, C)`.
    """
    draw = draw or faces.images
    print(f"Drawing {count} MiniFaces")
    progress = Progress(count, "face")
    images = []
    for start in range(0, count, _DRAWN_AT_ONCE):
        images.append(draw(range(start, min(start + _DRAWN_AT_ONCE, count))))
        progress.add(len(images[-1]))
    return np.concatenate(images)


def training_batches(source, batch_size, labels=None, seed=0, start_step=0, mirror=False):
    """Endless shuffled batches of pictures, float32 in [-1, 1].

    Args:
        source: `ArraySource` or `FolderSource`.
        batch_size: pictures in a batch.
        labels: one label a picture, to yield with it.
        seed: of the order and the mirroring.
        start_step: batches to leave out at the front, when resuming.
        mirror: whether to flip every picture with probability 1/2.

    Returns:
        `tf.data.Dataset` of `(batch_size, size, size, 3)`, or of pairs with a batch of labels.
    """

    def load(step, indices, images):
        images = normalise(images)
        if mirror:
            images = mirror_at_random(images, (step, seed))
        return images if labels is None else (images, tf.gather(labels, indices))

    return endless_batches(source, load, batch_size, seed, start_step)


def endless_batches(source, load, batch_size, seed=0, start_step=0):
    """Calls `load` for one shuffled batch after the other; the pictures are read ahead of their use.

    Args:
        source: `ArraySource` or `FolderSource`.
        load: function of the step, the int64 sample numbers of its batch and their uint8 pictures, inside tf.data.
        batch_size: samples in a batch.
        seed: of the order.
        start_step: batches to leave out at the front, when resuming.

    Returns:
        `tf.data.Dataset` of what `load` returns, endless.
    """
    now, later = (shuffled_batches(len(source), batch_size, seed, start_step + ahead) for ahead in (0, _AHEAD))
    return source.batches(tf.data.Dataset.zip(tf.data.Dataset.counter(start_step), now, later), load)


def mirror_at_random(images, seed):
    """Flips each picture of a batch left to right with probability 1/2, inside tf.data."""
    numbers = tf.random.stateless_uniform((tf.shape(images)[0], 1, 1, 1), seed)
    return tf.where(numbers < 0.5, images[:, :, ::-1], images)


def normalise(images):
    """uint8 [0, 255] to float32 [-1, 1], inside tf.data."""
    return tf.cast(images, tf.float32) / 127.5 - 1.0
