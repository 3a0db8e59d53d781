"""Where training pictures come from: an array in memory, or a folder read as it is needed."""

import functools
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike

from psp_keras.batches import map_ahead
from psp_keras.data.image_files import list_images, read_image, to_float
from psp_keras.data.mini_faces import MINI_FACES, MiniFaces
from psp_keras.data.training_order import shuffled_batches
from psp_keras.errors import UserError, print_left_out
from psp_keras.progress import Progress
from psp_keras.typing import PathLike

_CACHE_BYTES = 2 * 1024**3
_DRAWN_AT_ONCE = 256
_AHEAD = 4  # batches


class ArraySource:
    """Pictures in memory.

    Args:
        images: uint8 `(N, H, W, C)`.
    """

    def __init__(self, images: np.ndarray):
        self._images = images

    def __len__(self):
        return len(self._images)

    def begin(self, indices):
        """Returns a function that returns the uint8 pictures of a batch of sample numbers."""
        return functools.partial(self._images.take, indices, axis=0)


class FolderSource:
    """Picture files, decoded when their turn comes: data sets may be larger than memory.

    Args:
        items: the files, or whatever `read` takes.
        read: function of an item, to uint8 `(H, W, C)`.
        on_broken: called with a line for each broken item; the next readable one takes its place.

    Raises:
        UserError: none of the items can be read.
    """

    def __init__(self, items, read, on_broken=print_left_out):
        self._items = list(items)
        self._read_one = read
        self._on_broken = on_broken
        self._broken = set()
        self._reporting = threading.Lock()
        self._threads = ThreadPoolExecutor(os.cpu_count())
        self._read_from(0)  # raises where there is none to read

    def __len__(self):
        return len(self._items)

    def begin(self, indices):
        """Begins to read a batch of sample numbers; returns a function that waits and returns its uint8 pictures."""
        pictures = [self._threads.submit(self._read_from, index) for index in indices.tolist()]
        return lambda: np.stack([picture.result() for picture in pictures])

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


def open_source(
    data: PathLike,
    size: int,
    num_samples: int = 20000,
    seed: int = 0,
    on_broken: Callable[[str], None] = print_left_out,
) -> ArraySource | FolderSource:
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

    Raises:
        UserError: none of them can be read.
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


def training_batches(
    source: ArraySource | FolderSource,
    batch_size: int,
    labels: ArrayLike | None = None,
    seed: int = 0,
    start_step: int = 0,
    mirror: bool = False,
) -> Iterator[np.ndarray] | Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields shuffled batches of pictures without end, float32 in [-1, 1].

    Args:
        source: `ArraySource` or `FolderSource`.
        batch_size: pictures in a batch.
        labels: one label a picture, to yield with it.
        seed: of the order and the mirroring.
        start_step: batches to leave out at the front, when resuming.
        mirror: whether to flip every picture with probability 1/2.

    Returns:
        An iterator of `(batch_size, size, size, 3)`, or of pairs with a batch of labels.
    """

    def load(step, indices, images):
        images = to_float(images)
        if mirror:
            images = mirror_at_random(images, (step, seed))
        return images if labels is None else (images, labels[indices])

    return endless_batches(source, load, batch_size, seed, start_step)


def endless_batches(source, load, batch_size, seed=0, start_step=0):
    """Calls `load` for one shuffled batch after the other, in threads, ahead of their use.

    Args:
        source: `ArraySource` or `FolderSource`.
        load: function of the step, the int64 sample numbers of its batch and their uint8 pictures.
        batch_size: samples in a batch.
        seed: of the order.
        start_step: batches to leave out at the front, when resuming.

    Returns:
        An endless iterator of what `load` returns.
    """
    order = shuffled_batches(len(source), batch_size, seed, start_step)
    begun = ((step, indices, source.begin(indices)) for step, indices in enumerate(order, start_step))

    def finish(batch):
        step, indices, wait = batch
        return load(step, indices, wait())

    return map_ahead(finish, begun, _AHEAD)


def mirror_at_random(images, seed):
    """Flips each picture of a batch left to right with probability 1/2; `seed` is two whole numbers."""
    flips = np.random.default_rng(seed).random(len(images)) < 0.5
    return np.where(flips[:, None, None, None], images[:, :, ::-1], images)
