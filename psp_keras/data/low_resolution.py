import numpy as np
import tensorflow as tf

from psp_keras.data.pillow_resize import pillow_resize_matrix
from psp_keras.errors import UserError


class LowResolution:
    """Shrinks pictures bicubically by a factor and draws them bilinearly at their old size again, as pSp's
    super-resolution does (Richardson et al., section 4.4; cubic with a = -0.5, mirrored edges, 8 bits in between).

    Both resizes are matrices, so that a batch may hold a different factor in every picture.

    Args:
        size: pixels of the square pictures, more than twice the largest factor.
        factors: what to choose from, each a divisor of `size`; those that do not fit are left out.

    Example:
        >>> LowResolution(64, factors=(2, 4))(images, seed=(0, 0)).shape
        TensorShape([8, 64, 64, 3])
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
            numbers = tf.random.stateless_uniform((first + tf.shape(images)[0],), seed, 0, len(self.factors), tf.int32)
            chosen = numbers[first:]
        else:
            chosen = tf.fill(tf.shape(images)[:1], self.factors.index(factor))
        shrink, grow = tf.gather(self._shrink, chosen), tf.gather(self._grow, chosen)
        small = _along_rows(shrink, _along_columns(shrink, images * 127.5 + 127.5))
        small = tf.floor(tf.clip_by_value(small, 0.0, 255.0) + 1e-3)  # the original cuts to 8 bits here
        wide = tf.floor(_along_columns(grow, small) + 0.5)  # and Pillow rounds after each axis
        return tf.floor(_along_rows(grow, wide) + 0.5) / 127.5 - 1.0


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
    with tf.init_scope():
        return pillow_resize_matrix(small, 0, small, size).numpy().astype("float32")


def _along_rows(matrices, images):
    return tf.einsum("nyh,nhwc->nywc", matrices, images)


def _along_columns(matrices, images):
    return tf.einsum("nxw,nhwc->nhxc", matrices, images)


def _cubic(x, a=-0.5):
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0


def _mirror(index, size):
    index = abs(index)
    return index if index < size else 2 * size - 2 - index


def _padded(matrix, size):
    return np.pad(matrix, [(0, size - side) for side in matrix.shape])
