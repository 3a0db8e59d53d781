import keras
import numpy as np
from keras import ops

from psp_keras.ops.checks import check_shape


@keras.saving.register_keras_serializable(package="psp_keras")
class BilinearUpsample2D(keras.layers.Layer):
    """Doubles height and width bilinearly with aligned corners, as PyTorch's `align_corners=True`.

    The first and last pixels of input and output coincide, which `keras.ops.image.resize` cannot express.
    Written as one small constant matrix an axis.

    Input shape: `(N, H, W, C)`. Output shape: `(N, 2H, 2W, C)`.

    Example:
        >>> BilinearUpsample2D()(np.zeros((1, 8, 8, 4))).shape
        (1, 16, 16, 4)
    """

    def build(self, input_shape):
        check_shape("inputs", input_shape, ("N", "H", "W", "C"))
        self.rows, self.columns = (_interpolation(size) for size in input_shape[1:3])

    def call(self, inputs):
        rows, columns = (ops.cast(matrix, inputs.dtype) for matrix in (self.rows, self.columns))
        x = ops.einsum("ph,nhwc->npwc", rows, inputs)
        return ops.einsum("qw,npwc->npqc", columns, x)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return (batch, 2 * height, 2 * width, channels)


def _interpolation(size):
    """`(2 * size, size)` matrix: each row holds the two weights of an output position."""
    position = np.linspace(0, size - 1, 2 * size)
    return np.maximum(0, 1 - np.abs(position[:, None] - np.arange(size)[None, :])).astype("float32")
