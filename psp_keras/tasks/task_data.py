import numpy as np
import tensorflow as tf

from psp_keras.data.image_files import read_image
from psp_keras.data.image_source import mirror_at_random, normalise
from psp_keras.data.inpainting_mask import InpaintingMask
from psp_keras.data.low_resolution import LowResolution


class TaskData:
    """Turns the files of a task into what the encoder sees and what its output is compared with.

    An example is stored as one uint8 array, the source's channels before the target's, so that everything that
    handles single pictures (memory, folders, shuffling, broken files) handles pairs as well.

    Args:
        task: `Task`.
        size: pixels of source and target.
    """

    def __init__(self, task, size):
        self.task = task
        self.size = size
        self.source = task.open_source()
        self.degrade = None
        if task.degrade == "low_resolution":
            self.degrade = LowResolution(size, task.factors)
        elif task.degrade == "mask":
            self.degrade = InpaintingMask(size, task.mask)

    def read(self, item):
        """Reads one example.

        Args:
            item: path of a picture, or `(source path, target path)` when the task is paired.

        Returns:
            uint8 `(size, size, C)`.

        Raises:
            UserError: a file cannot be read.
        """
        if not self.task.paired:
            return self.source.read(item, self.size)
        source, target = item
        return np.concatenate([self.source.read(source, self.size), read_image(target, self.size)], axis=-1)

    def draw(self, faces, indices):
        """Draws examples from `MiniFaces`, uint8 `(N, size, size, C)`; it cannot know pairs of photos."""
        if not self.task.paired:
            return faces.images(indices)
        images, segmentations, sketches = faces.maps(indices)
        maps = sketches if self.task.source == "sketch" else segmentations
        return np.concatenate([maps[..., None], images], axis=-1)

    def prepare(self, stored, seed=(0, 0), augment=False):
        """Makes a batch, inside tf.data or outside.

        Args:
            stored: uint8 `(N, size, size, C)`.
            seed: two integers that decide everything random.
            augment: whether to mirror at random as the task says.

        Returns:
            `(source, target)`: encoder inputs `(N, size, size, channels)` and images `(N, size, size, 3)` in [-1, 1].
        """
        source = self.source.to_input(stored[..., : self.source.stored_channels])
        target = normalise(stored[..., -3:])
        step, salt = seed[0], seed[1]
        if augment and self.task.flip != "none":
            independent = 1 if self.task.flip == "independent" else 0
            source = mirror_at_random(source, (step, salt))
            target = mirror_at_random(target, (step, salt + independent))
        if self.degrade:
            source = self.degrade(source, (step, salt + 2))
        return source, target

    def measured(self, stored):
        """`prepare` for validation: whole arrays, nothing mirrored, always the same.

        Returns:
            NumPy `(source, target)`.
        """
        source, target = self.prepare(tf.convert_to_tensor(stored))
        return source.numpy(), target.numpy()
