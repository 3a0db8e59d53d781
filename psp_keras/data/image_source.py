"""Where training pictures come from: an array in memory, or a folder read as it is needed."""

import keras
import numpy as np
import tensorflow as tf

from psp_keras.data.image_files import list_images, read_image
from psp_keras.data.mini_faces import MiniFaces
from psp_keras.data.training_order import shuffled_batches
from psp_keras.errors import UserError

_CACHE_BYTES = 2 * 1024**3


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


class FolderSource:
    """Picture files, decoded when their turn comes: data sets may be larger than memory.

    Args:
        paths: the files.
        size: pixels to resize their middle square to.
    """

    def __init__(self, paths, size):
        self._paths = [str(path) for path in paths]
        self._size = size

    def __len__(self):
        return len(self._paths)

    def fetch(self, indices):
        """Returns the uint8 pictures of a batch of sample numbers, inside tf.data."""
        images = tf.numpy_function(self._read, [indices], tf.uint8)
        return tf.ensure_shape(images, (None, self._size, self._size, 3))

    def _read(self, indices):
        return np.stack([read_image(self._paths[index], self._size) for index in indices])


def open_source(data, size, num_samples=20000, seed=0, split="train"):
    """Opens training data by name.

    Args:
        data: a folder of pictures, or `"mini_faces"`.
        size: pixels.
        num_samples: how many MiniFaces to draw.
        seed: of MiniFaces.
        split: of MiniFaces.

    Returns:
        `ArraySource` or `FolderSource`.

    Raises:
        UserError: the folder is missing or empty, or one of its files is broken.
    """
    if data == "mini_faces":
        faces = MiniFaces(size, seed=seed, split=split)
        return ArraySource(collect(num_samples, "MiniFaces", lambda i: faces.images([i])[0]))
    return open_files(list_images(data), size)


def open_files(paths, size):
    """Opens picture files: in memory where they fit, else read as they are needed."""
    if len(paths) * size * size * 3 > _CACHE_BYTES:
        return FolderSource(paths, size)
    return ArraySource(_read_all(paths, size))


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

    def load(step, indices):
        images = normalise(source.fetch(indices))
        if mirror:
            draws = tf.random.stateless_uniform((batch_size, 1, 1, 1), tf.stack([step, seed]))
            images = tf.where(draws < 0.5, images[:, :, ::-1], images)
        return images if labels is None else (images, tf.gather(labels, indices))

    batches = shuffled_batches(len(source), batch_size, seed, start_step)
    steps = tf.data.Dataset.counter(start_step)
    return tf.data.Dataset.zip(steps, batches).map(load, num_parallel_calls=2).prefetch(4)


def normalise(images):
    """uint8 [0, 255] to float32 [-1, 1], inside tf.data."""
    return tf.cast(images, tf.float32) / 127.5 - 1.0


def _read_all(paths, size):
    broken = []

    def read(i):
        try:
            return read_image(paths[i], size)
        except UserError as error:
            broken.append(error)
            return None

    images = collect(len(paths), "Reading pictures", read)
    if broken:
        raise UserError(f"{broken[0]} {len(broken)} of {len(paths)} files are broken; remove them first.")
    return images


def collect(count, title, draw):
    """Stacks `draw(0)` to `draw(count - 1)` under a progress bar; a list where some of them are `None`."""
    print(f"{title}: {count} pictures")
    bar = keras.utils.Progbar(count)
    images = []
    for i in range(count):
        images.append(draw(i))
        if (i + 1) % 256 == 0 or i + 1 == count:
            bar.update(i + 1)
    return images if any(image is None for image in images) else np.stack(images)
