from collections.abc import Iterator

import numpy as np

from psp_keras.data.image_files import to_float
from psp_keras.data.image_source import ArraySource, FolderSource, endless_batches, mirror_at_random
from psp_keras.tasks.encoder_inputs import EncoderInputs
from psp_keras.tasks.task import Task


class Examples:
    """The examples of a task: what its training learns from, and what it is measured with.

    An example is stored as one uint8 array, the source's channels before the target's, so that everything that handles
    single pictures (memory, folders, shuffling, broken files) handles pairs as well.

    Subclasses say where the examples come from: `open_training`, `stored_validation` and `test`.

    Args:
        task: `Task`.
        size: pixels of source and target.
    """

    def __init__(self, task: Task, size: int):
        self.task = task
        self.size = size
        self.inputs = EncoderInputs.to_learn(task, size)

    def open_training(self) -> ArraySource | FolderSource:
        """Returns the stored training examples, an `ArraySource` or a `FolderSource`."""
        raise NotImplementedError

    def stored_validation(self, count: int) -> np.ndarray:
        """Returns stored examples that no training sees, uint8 `(N, size, size, C)`, N at most `count`."""
        raise NotImplementedError

    def test(self, count: int) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Returns `(names, sources, targets)` of at most `count` examples to measure a trained model with.

        The targets are the truth where it is known, even if no training sees it.
        """
        raise NotImplementedError

    def validation(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns `(sources, targets)` of at most `count` held-out examples, NumPy."""
        return self.whole(self.stored_validation(count))

    def batches(
        self, source: ArraySource | FolderSource, batch_size: int, seed: int = 0, start_step: int = 0
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yields shuffled batches of `(sources, targets)` without end, mirrored at random as the task says.

        Args:
            source: of `open_training`.
            batch_size: examples in a batch.
            seed: of the order and of everything random.
            start_step: batches to leave out at the front, when resuming.
        """

        def load(step, indices, stored):
            return self.prepare(stored, (step, seed), mirror=True)

        return endless_batches(source, load, batch_size, seed, start_step)

    def prepare(
        self, stored: np.ndarray, seed: tuple[int, int] = (0, 0), mirror: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Makes a batch.

        Args:
            stored: uint8 `(N, size, size, C)`.
            seed: two integers that decide everything random.
            mirror: whether to mirror at random as the task says.

        Returns:
            `(source, target)`: encoder inputs `(N, size, size, channels)` and images `(N, size, size, 3)` in [-1, 1].
        """
        step, salt = seed
        source = self.inputs.source.to_input(stored[..., : self.inputs.source.stored_channels])
        target = to_float(stored[..., -3:])
        if mirror and self.task.flip != "none":
            independent = 1 if self.task.flip == "independent" else 0
            source = mirror_at_random(source, (step, salt))
            target = mirror_at_random(target, (step, salt + independent))
        return self.inputs.degrade(source, (step, salt + 2)), target

    def whole(self, stored: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`prepare` for measuring: nothing mirrored, always the same."""
        return self.prepare(stored)
