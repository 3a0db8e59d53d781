from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from psp_keras.data.grids import image_grid
from psp_keras.data.image_files import to_uint8, write_image
from psp_keras.typing import PathLike, Tensor


class TranslationGrid(keras.callbacks.Callback):
    """Writes a picture of source, target and output for the same few images at the end of every epoch.

    Args:
        folder: where `epoch_0001.jpg`, ... go.
        source: encoder inputs `(N, H, W, C)`.
        target: wanted images `(N, S, S, 3)` in [-1, 1].
        to_pictures: function that turns sources into uint8 RGB, such as `Segmentation.to_pictures`.
    """

    def __init__(
        self, folder: PathLike, source: Tensor, target: Tensor, to_pictures: Callable[[Tensor], np.ndarray] = to_uint8
    ):
        super().__init__()
        self.folder = Path(folder)
        self.source = source
        self.target = target
        self.to_pictures = to_pictures

    def on_epoch_end(self, epoch, logs=None):
        grid = draw_translations(self.model, self.source, self.target, self.to_pictures)
        write_image(self.folder / f"epoch_{epoch + 1:04d}.jpg", grid)


def draw_translations(model, source, target, to_pictures=to_uint8):
    """Returns a grid of source, target and output as uint8 `(height, width, 3)`."""
    outputs = keras.ops.convert_to_numpy(model.translate(source))
    rows = [list(images) for images in (to_pictures(source), to_uint8(target), to_uint8(outputs))]
    return image_grid(rows, ["source", "target", "output"])
