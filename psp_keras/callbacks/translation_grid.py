from pathlib import Path

import keras

from psp_keras.data.grids import image_grid
from psp_keras.data.image_files import to_uint8, write_image


class TranslationGrid(keras.callbacks.Callback):
    """Writes a picture of source, target and output for the same few images at the end of every epoch.

    Args:
        folder: where `epoch_0001.jpg`, ... go.
        source: encoder inputs `(N, H, W, C)`.
        target: wanted images `(N, S, S, 3)` in [-1, 1].
    """

    def __init__(self, folder, source, target):
        super().__init__()
        self.folder = Path(folder)
        self.source = source
        self.target = target

    def on_epoch_end(self, epoch, logs=None):
        outputs = keras.ops.convert_to_numpy(self.model.translate(self.source))
        rows = [list(to_uint8(images)) for images in (self.source, self.target, outputs)]
        write_image(self.folder / f"epoch_{epoch + 1:04d}.jpg", image_grid(rows, ["source", "target", "output"]))
