import numpy as np

from psp_keras.data.image_files import read_image


class Sketch:
    """Lines on white: one channel in [0, 1], as the published sketch encoder reads it.

    Example:
        >>> Sketch().to_input(np.zeros((2, 64, 64, 1), "uint8")).shape
        (2, 64, 64, 1)
    """

    kind = "sketch"
    channels = 1
    stored_channels = 1

    def read(self, path, size):
        """Reads a grey or coloured drawing, transparent parts as white, as uint8 `(size, size, 1)`.

        Raises:
            UserError: the file is missing, broken or no picture.
        """
        return read_image(path, size, mode="L")[..., None]

    def to_input(self, stored):
        """uint8 `(N, H, W, 1)` to float32 in [0, 1]."""
        return stored.astype("float32") / 255.0

    def to_pictures(self, inputs):
        """What the encoder sees, as uint8 RGB for people."""
        grey = np.round(np.clip(np.asarray(inputs), 0, 1) * 255).astype("uint8")
        return np.repeat(grey, 3, axis=-1)
