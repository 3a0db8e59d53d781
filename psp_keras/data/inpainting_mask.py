import numpy as np

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
        >>> InpaintingMask(64, "center")(images)[0, 32, 32]
        array([0., 0., 0.], dtype=float32)
    """

    def __init__(self, size, mask="random"):
        self.size = size
        self.mask = mask
        if mask not in ("random", "center"):
            self._file = read_image(mask, size, mode="L")[None] > 127

    def __call__(self, images, seed=(0, 0), first=0):
        """Hides a part of a batch.

        Args:
            images: `(N, size, size, C)` in [-1, 1].
            seed: two integers that decide, with its number, the random rectangle of each picture.
            first: number of the first picture.

        Returns:
            Images of the same shape.
        """
        hidden = self.hidden(self.draws(first + len(images), seed)[first:])
        return np.where(hidden[..., None], np.float32(0), images)

    def draws(self, count, seed=(0, 0)):
        """Returns what decides the rectangles of the first `count` pictures, float32 `(count, 4)` in [0, 1)."""
        return np.random.default_rng(seed).random((count, 4), "float32")

    def hidden(self, draws):
        """Returns where pictures are hidden, booleans `(N or 1, size, size)`; tensors too may be the draws."""
        if self.mask == "center":
            return self._rectangles(*np.array([[0.25], [0.25], [0.5], [0.5]], "float32"))
        if self.mask != "random":
            return self._file
        width, height = (_SHORTEST + (_LONGEST - _SHORTEST) * draws[:, column] for column in (0, 1))
        return self._rectangles(draws[:, 2] * (1 - width), draws[:, 3] * (1 - height), width, height)

    def _rectangles(self, left, top, width, height):
        """Rectangles in picture sides, each `(N,)`."""
        axis = (np.arange(self.size, dtype="float32") + 0.5)[None] / self.size

        def inside(start, length):
            return (start[:, None] <= axis) & ((start + length)[:, None] > axis)

        return inside(top, height)[:, :, None] & inside(left, width)[:, None, :]
