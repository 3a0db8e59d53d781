import dataclasses

from keras import ops

from psp_keras.typing import Tensor


@dataclasses.dataclass(frozen=True)
class ProgressiveStages:
    """When e4e's styles may differ from the first: one after the other (Tov et al., 2021, section 3.2.1).

    Attributes:
        start: how many steps are taken with one w for all styles; 20000 of 200000 in the published training.
        every: steps from one style to the next, 2000 there.
        last: the highest stage, the number of styles less 1.

    Example:
        >>> stages = ProgressiveStages(start=10, every=2, last=9)
        >>> [int(stages(steps)) for steps in (0, 9, 10, 11, 12, 100)]
        [0, 0, 1, 1, 2, 9]
    """

    start: int
    every: int
    last: int

    def __call__(self, steps: int | Tensor) -> Tensor:
        """Returns the stage of an encoder that has taken so many steps, float32."""
        stage = ops.convert_to_tensor((steps - self.start) // self.every + 1)
        return ops.cast(ops.clip(stage, 0, self.last), "float32")
