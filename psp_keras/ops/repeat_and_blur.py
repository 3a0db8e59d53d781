"""How the first StyleGAN doubles the resolution: pixels are repeated, convolved and blurred (StyleGAN, section 2)."""

import numpy as np
from keras import ops

from psp_keras.ops.onednn import low_pass, on_onednn

_TAPS = np.array([1.0, 2.0, 1.0], "float32") / 4.0


def repeat_conv(x, kernel):
    """Repeats every pixel in a square of four and convolves with `kernel` `(3, 3, C, F)`: `(N, 2H, 2W, F)`.

    Both together are one transposed convolution, with less than half of the multiplications.
    """
    channels, filters = kernel.shape[2:]
    wide = ops.matmul(ops.cast(_WIDE, kernel.dtype), ops.reshape(kernel, (9, -1)))
    wide = ops.transpose(ops.reshape(wide, (4, 4, channels, filters)), (0, 1, 3, 2))
    return ops.conv_transpose(x, wide, strides=2, padding="same")


def blur(x):
    """Filters height and width of `(N, H, W, C)` with [1, 2, 1], zeros around it."""
    if on_onednn():
        return low_pass(x, _TAPS, padding=(1, 1))
    for _ in range(2):  # rows, then columns
        padded = ops.pad(x, [[0, 0], [1, 1], [0, 0], [0, 0]])
        x = ops.transpose(0.25 * padded[:, :-2] + 0.5 * x + 0.25 * padded[:, 2:], (0, 2, 1, 3))
    return x


def _wide_phases():
    """`(16, 9)` matrix that turns a 3x3 kernel into the 4x4 one of the transposed convolution, which mirrors it."""
    line = np.zeros((4, 3), "float32")
    for tap in range(3):
        line[2 - tap : 4 - tap, tap] = 1.0
    return np.einsum("ya,xb->yxab", line, line).reshape(16, 9)


_WIDE = _wide_phases()
