import numpy as np

from psp_keras.errors import UserError

_PILLOW_UNIT = 1 << 22  # of Pillow's weights: ties fall as they do there


class LowResolution:
    """Shrinks pictures bicubically by a factor and draws them bilinearly at their old size again, as pSp's
    super-resolution does (Richardson et al., section 4.4; cubic with a = -0.5, mirrored edges, 8 bits in between).

    Both resizes are matrices, so that a batch may hold a different factor in every picture.

    Args:
        size: pixels of the square pictures, more than twice the largest factor.
        factors: what to choose from, each a divisor of `size`; those that do not fit are left out.

    Raises:
        UserError: none of the factors fits the size.

    Example:
        >>> LowResolution(64, factors=(2, 4))(images, seed=(0, 0)).shape
        (8, 64, 64, 3)
    """

    def __init__(self, size, factors=(1, 2, 4, 8, 16, 32)):
        self.size = size
        self.factors = tuple(factor for factor in factors if size % factor == 0 and size > 2 * factor)
        if not self.factors:
            raise UserError(f"None of the factors {tuple(factors)} fits pictures of {size} pixels.")
        self._shrink = np.stack([_padded(bicubic_shrink_matrix(size, factor), size) for factor in self.factors])
        self._grow = np.stack([_padded(bilinear_grow_matrix(size, factor), size) for factor in self.factors])

    def __call__(self, images, seed=(0, 0), first=0, factor=None):
        """Degrades a batch.

        Args:
            images: `(N, size, size, C)` in [-1, 1].
            seed: two integers that decide, with its number, the factor of each picture.
            first: number of the first picture.
            factor: the same factor for all, instead.

        Returns:
            Images of the same shape.
        """
        if factor is None:
            chosen = np.random.default_rng(seed).integers(len(self.factors), size=first + len(images))[first:]
        else:
            chosen = np.full(len(images), self.factors.index(factor))
        shrink, grow = self._shrink[chosen], self._grow[chosen]
        small = _along_rows(shrink, _along_columns(shrink, images * 127.5 + 127.5))
        small = np.floor(np.clip(small, 0.0, 255.0) + 1e-3)  # the original cuts to 8 bits here
        wide = np.floor(_along_columns(grow, small) + 0.5)  # and Pillow rounds after each axis
        return np.floor(_along_rows(grow, wide) + 0.5) / 127.5 - 1.0


def bicubic_shrink_matrix(size, factor):
    """Returns `(size / factor, size)`: a cubic filter of 4 * factor taps and stride `factor`, edges mirrored."""
    offsets = (np.arange(4 * factor) - 2 * factor + 0.5) / factor
    taps = np.array([_cubic(abs(offset)) for offset in offsets])
    first = -((3 * factor) // 2)
    matrix = np.zeros((size // factor, size), "float32")
    for row in range(size // factor):
        for tap, weight in enumerate(taps / taps.sum()):
            matrix[row, _mirror(row * factor + first + tap, size)] += weight
    return matrix


def bilinear_grow_matrix(size, factor):
    """Returns `(size, size / factor)`: Pillow's bilinear resize of one axis."""
    small = size // factor
    centers = (np.arange(size)[:, None] + 0.5) / factor
    weights = np.maximum(1.0 - np.abs(np.arange(small)[None] + 0.5 - centers), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return (np.round(weights * _PILLOW_UNIT) / _PILLOW_UNIT).astype("float32")


def _along_rows(matrices, images):
    count, height, width, channels = images.shape
    product = matrices @ images.reshape(count, height, width * channels)
    return product.reshape(count, -1, width, channels)


def _along_columns(matrices, images):
    return _along_rows(matrices, images.swapaxes(1, 2)).swapaxes(1, 2)


def _cubic(x, a=-0.5):
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0


def _mirror(index, size):
    index = abs(index)
    return index if index < size else 2 * size - 2 - index


def _padded(matrix, size):
    return np.pad(matrix, [(0, size - side) for side in matrix.shape])
