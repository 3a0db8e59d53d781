from collections.abc import Callable
from pathlib import Path

import keras

from psp_keras.data.grids import square_grid
from psp_keras.data.image_files import to_uint8, write_image
from psp_keras.typing import PathLike, Tensor


class SampleGrid(keras.callbacks.Callback):
    """Writes a grid of what a generator draws from the same latents at the end of every epoch.

    Args:
        folder: where `samples_0001.jpg`, ... go.
        generate: function without arguments that returns images `(N, H, W, 3)` in [-1, 1].
    """

    def __init__(self, folder: PathLike, generate: Callable[[], Tensor]):
        super().__init__()
        self.folder = Path(folder)
        self.generate = generate

    def on_epoch_end(self, epoch, logs=None):
        write_image(self.folder / f"samples_{epoch + 1:04d}.jpg", draw_samples(self.generate()))


def draw_samples(images):
    """Returns a grid of images `(N, H, W, 3)` in [-1, 1] as uint8 `(height, width, 3)`."""
    return square_grid(to_uint8(keras.ops.convert_to_numpy(images)))
