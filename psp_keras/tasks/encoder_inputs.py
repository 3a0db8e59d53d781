from collections.abc import Callable
from typing import Self

import numpy as np

from psp_keras.data.inpainting_mask import InpaintingMask
from psp_keras.data.low_resolution import LowResolution
from psp_keras.data.photo import Photo
from psp_keras.data.segmentation import Segmentation
from psp_keras.data.sketch import Sketch
from psp_keras.errors import UserError
from psp_keras.tasks.task import Task
from psp_keras.typing import PathLike


class EncoderInputs:
    """What the encoder of a task sees of picture files; training, measuring, translating and exports all ask here.

    Pictures are stored as uint8 `(size, size, stored_channels)` until their turn comes.

    Args:
        task: `Task`.
        size: pixels of the encoder's square input.
        degrade: what is done to the inputs, a function of inputs, seed and number of the first picture; see `to_learn`
            and `to_translate`.

    Raises:
        UserError: the task's colours do not suit its classes.

    Example:
        >>> inputs = EncoderInputs.to_translate(psp_keras.tasks.get_task("sketch_to_face"), 64)
        >>> inputs(np.zeros((2, 64, 64, 1), "uint8")).shape
        (2, 64, 64, 1)
    """

    def __init__(
        self, task: Task, size: int, degrade: Callable[[np.ndarray, tuple[int, int], int], np.ndarray] | None = None
    ):
        self.task = task
        self.size = size
        self.source = _open_source(task)
        self.to_pictures = self.source.to_pictures
        self.degradation = degrade

    @classmethod
    def to_learn(cls, task: Task, size: int) -> Self:
        """Inputs as a training sees them: made worse as the task says.

        Raises:
            UserError: none of the task's factors fits the size, or its mask cannot be read.
        """
        if task.degrade == "low_resolution":
            return cls(task, size, LowResolution(size, task.factors))
        return cls(task, size, InpaintingMask(size, task.mask) if task.degrade == "mask" else None)

    @classmethod
    def to_translate(cls, task: Task, size: int, mask: str | None = None, factor: int | None = None) -> Self:
        """Inputs as people bring them, small already where the task is super-resolution.

        Args:
            task: `Task`.
            size: pixels of the encoder's square input.
            mask: what inpainting hides, instead of the task's.
            factor: what super-resolution shrinks sharp pictures by first.

        Raises:
            UserError: the task has no use for one of them, or it does not fit the size or cannot be read.
        """
        if mask and task.degrade != "mask":
            raise UserError(f"`mask` belongs to inpainting; the preset's task is {task.name}.")
        if factor and task.degrade != "low_resolution":
            raise UserError(f"`factor` belongs to super_resolution; the preset's task is {task.name}.")
        if task.degrade == "mask":
            return cls(task, size, InpaintingMask(size, mask or task.mask))
        return cls(task, size, LowResolution(size, (factor,)) if factor else None)

    def read(self, path: PathLike) -> np.ndarray:
        """Reads one source file as uint8 `(size, size, stored_channels)`.

        Raises:
            UserError: the file cannot be read as what the task reads.
        """
        return self.source.read(path, self.size)

    def __call__(self, stored: np.ndarray, first: int = 0) -> np.ndarray:
        """Makes encoder inputs of uint8 pictures `(N, size, size, stored_channels)`.

        What is random depends on the number of a picture alone: `first` is that of the first one.
        """
        return self.degrade(self.source.to_input(stored), first=first)

    def degrade(self, inputs: np.ndarray, seed: tuple[int, int] = (0, 0), first: int = 0) -> np.ndarray:
        """Makes inputs worse, as the task says; the seed decides everything random."""
        return self.degradation(inputs, seed, first) if self.degradation else inputs


def _open_source(task):
    if task.source == "segmentation":
        return Segmentation(task.num_classes, task.colors)
    return Sketch() if task.source == "sketch" else Photo()
