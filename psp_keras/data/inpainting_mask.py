import numpy as np
import tensorflow as tf

from psp_keras.data.image_files import read_image

_SHORTEST, _LONGEST = 0.2, 0.6


class InpaintingMask:
    """Hides a part of each picture behind middle grey, 0 in [-1, 1].

    Args:
        size: pixels of the square pictures.
        mask: `"random"`, a rectangle of 0.2 to 0.6 picture sides anywhere; `"center"`, the middle quarter of the
            area; or a picture file whose white part hides.

    Raises:
        UserError: the file cannot be read.

    Example:
        >>> InpaintingMask(64, "center")(images).numpy()[0, 32, 32]
        array([0., 0., 0.], dtype=float32)
    """

    def __init__(self, size, mask="random"):
        self.size = size
        self.mask = mask
        if mask not in ("random", "center"):
            self._file = (read_image(mask, size, mode="L") > 127).astype("float32")

    def __call__(self, images, seed=(0, 0), first=0):
        """Hides a part of a batch.

        Args:
            images: `(N, size, size, C)` in [-1, 1].
            seed: two integers that decide, with its number, the random rectangle of each picture.
            first: number of the first picture.

        Returns:
            Images of the same shape.
        """
        return images * (1.0 - self._hidden(tf.shape(images)[0], seed, first)[..., None])

    def _hidden(self, count, seed, first):
        """1 where hidden, `(count or 1, size, size)`."""
        if self.mask == "center":
            return self._rectangles(*np.array([[0.25], [0.25], [0.5], [0.5]], "float32"))
        if self.mask != "random":
            return self._file[None]
        draws = tf.transpose(tf.random.stateless_uniform((first + count, 4), seed)[first:])
        width, height = tf.unstack(_SHORTEST + (_LONGEST - _SHORTEST) * draws[:2])
        return self._rectangles(draws[2] * (1 - width), draws[3] * (1 - height), width, height)

    def _rectangles(self, left, top, width, height):
        """Rectangles in picture sides, each `(N,)`."""
        axis = (np.arange(self.size, dtype="float32") + 0.5)[None] / self.size

        def inside(start, length):
            return tf.cast((axis >= start[:, None]) & (axis < (start + length)[:, None]), tf.float32)

        return inside(top, height)[:, :, None] * inside(left, width)[:, None, :]
