import numpy as np
from PIL import Image, ImageOps

from psp_keras.data.image_files import open_picture
from psp_keras.data.mini_faces.face_renderer import PALETTE
from psp_keras.errors import UserError


class Segmentation:
    """A label map: the encoder sees one channel a class.

    Files may be 8-bit label maps, palette PNGs (their indices count) or, with `colors`, RGB pictures.

    Args:
        num_classes: number of labels.
        colors: `(num_classes, 3)`, the colour of each label in RGB-coloured maps and in pictures for people.

    Raises:
        UserError: `colors` are not `num_classes` colours.

    Example:
        >>> Segmentation(num_classes=7).to_input(np.zeros((2, 64, 64, 1), "uint8")).shape
        (2, 64, 64, 7)
    """

    kind = "segmentation"
    stored_channels = 1

    def __init__(self, num_classes, colors=None):
        self.num_classes = self.channels = num_classes
        self.colors = None if colors is None else np.asarray(colors, "uint8")
        if self.colors is not None and self.colors.shape != (num_classes, 3):
            raise UserError(f"`colors` must list {num_classes} RGB colours, got the shape {self.colors.shape}.")

    def read(self, path, size):
        """Reads a label map as uint8 `(size, size, 1)`, its middle square, resized to the nearest label.

        Raises:
            UserError: the file is missing or broken, holds a label or colour that is not known, or is an RGB picture
                and `colors` is not given.
        """
        with open_picture(path) as image:
            image = ImageOps.exif_transpose(image)
            labels = self._labels(path, image)
        square = ImageOps.fit(Image.fromarray(labels), (size, size), Image.Resampling.NEAREST)
        labels = np.asarray(square)
        if labels.max() >= self.num_classes:
            raise UserError(f"{path} holds the label {labels.max()}, but there are {self.num_classes} classes.")
        return labels[..., None]

    def to_input(self, stored):
        """uint8 `(N, H, W, 1)` to one-hot float32 `(N, H, W, num_classes)`."""
        return np.eye(self.num_classes, dtype="float32")[stored[..., 0]]

    def to_pictures(self, inputs):
        """What the encoder sees, as uint8 RGB for people."""
        return self.palette()[np.asarray(inputs).argmax(-1)]

    def _labels(self, path, image):
        if image.mode in ("L", "P", "1"):
            return np.asarray(image).astype("uint8")
        if image.mode.startswith("I"):
            return np.clip(np.asarray(image), 0, 255).astype("uint8")
        if self.colors is None:
            raise UserError(f"{path} is an RGB picture: give the colour of each label (`colors`) to read it.")
        rgb = np.asarray(image.convert("RGB"))
        matches = (rgb[:, :, None, :] == self.colors).all(axis=-1)
        unknown = ~matches.any(axis=-1)
        if unknown.any():
            raise UserError(f"{path} holds the colour {tuple(rgb[unknown][0].tolist())}, which stands for no label.")
        return matches.argmax(axis=-1).astype("uint8")

    def palette(self):
        """The colour of each label, uint8 `(num_classes or more, 3)`."""
        if self.colors is not None:
            return self.colors
        if self.num_classes <= len(PALETTE):
            return PALETTE
        wheel = Image.new("HSV", (self.num_classes, 1))
        wheel.putdata(
            [(255 * i // self.num_classes, 160 + 95 * (i % 2), 255 - 60 * (i % 3)) for i in range(self.num_classes)]
        )
        return np.asarray(wheel.convert("RGB"))[0]
