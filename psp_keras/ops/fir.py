"""Resampling by two with StyleGAN2's [1, 3, 3, 1] low-pass filter, as plain convolutions.

The published `upfirdn2d`, written for NHWC tensors: the filter is folded into the kernel of a stride-1 convolution
at the low resolution, and a space-to-depth (or depth-to-space) step changes the size, which compiles well everywhere.
TensorFlow's CPU upsamples in the published way instead: its transposed and depthwise convolutions are quick.
"""

import numpy as np
from keras import ops

from psp_keras.ops.onednn import is_portable, low_pass, on_onednn

TAPS = np.array([1.0, 3.0, 3.0, 1.0], "float32") / 8.0


def up_conv(x, kernel):
    """Inserts zeros, convolves with `kernel` `(3, 3, C, F)`, low-passes: `(N, H, W, C)` to `(N, 2H, 2W, F)`."""
    if on_onednn():
        # A quarter of the folded convolution's multiplications, and one more pass over memory. The row and column of
        # zeros at the end are there because oneDNN refuses to run its fast kernel for 257, 513 and 1025 pixels; ONNX
        # has no words for them.
        end = 0 if is_portable() else 1
        kernel = ops.transpose(kernel, (0, 1, 3, 2))
        spread = ops.conv_transpose(x, kernel, strides=2, padding="valid", output_padding=end)
        return low_pass(spread, 2.0 * TAPS, padding=(1, 1 - end))
    return depth_to_space_2x(ops.conv(x, fold_up_kernel(kernel), padding="same"), kernel.shape[-1])


def upsample_2x(x):
    """Doubles height and width: `(N, H, W, C)` to `(N, 2H, 2W, C)`, for few channels C."""
    channels = x.shape[-1]
    kernel = fold_up_kernel(centre_kernel(ops.eye(channels, dtype="float32")[None, None]))
    return depth_to_space_2x(ops.conv(x, ops.cast(kernel, x.dtype), padding="same"), channels)


def downsample_2x(x):
    """Halves height and width: `(N, H, W, C)` to `(N, H/2, W/2, C)`, for few channels C."""
    kernel = fold_down_kernel(centre_kernel(ops.eye(x.shape[-1], dtype="float32")[None, None]))
    return ops.conv(space_to_depth_2x(x), ops.cast(kernel, x.dtype), padding="same")


def centre_kernel(kernel):
    """Embeds a `(1, 1, C, F)` kernel in the middle of a `(3, 3, C, F)` one of zeros."""
    return ops.pad(kernel, [[1, 1], [1, 1], [0, 0], [0, 0]])


def depth_to_space_2x(x, filters):
    """`(N, H, W, 4 * filters)`, channels ordered (row, column, filter), to `(N, 2H, 2W, filters)`."""
    height, width = x.shape[1:3]
    # Column and filter stay together: the transpose then moves long contiguous runs.
    x = ops.reshape(x, (-1, height, width, 2, 2 * filters))
    x = ops.transpose(x, (0, 1, 3, 2, 4))
    return ops.reshape(x, (-1, 2 * height, 2 * width, filters))


def fold_up_kernel(kernel):
    """Folds "insert zeros, convolve, low-pass" into one kernel for a convolution at the low resolution.

    Args:
        kernel: `(3, 3, C, F)`.

    Returns:
        `(3, 3, C, 4F)`; `depth_to_space_2x` puts the four phases of its output into place.
    """
    channels, filters = kernel.shape[2:]
    folded = ops.reshape(_apply(_UP_PHASES, kernel), (3, 3, 2, 2, channels, filters))
    return ops.reshape(ops.transpose(folded, (0, 1, 4, 2, 3, 5)), (3, 3, channels, 4 * filters))


def space_to_depth_2x(x):
    """`(N, H, W, C)` to `(N, H/2, W/2, 4C)`, channels ordered (row, column, channel)."""
    height, width, channels = x.shape[1] // 2, x.shape[2] // 2, x.shape[3]
    x = ops.reshape(x, (-1, height, 2, width, 2 * channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4))
    return ops.reshape(x, (-1, height, width, 4 * channels))


def fold_down_kernel(kernel):
    """Folds "low-pass, convolve with stride 2" into one kernel for a plain convolution of `space_to_depth_2x`.

    Args:
        kernel: `(3, 3, C, F)`.

    Returns:
        `(3, 3, 4C, F)`.
    """
    channels, filters = kernel.shape[2:]
    return ops.reshape(_apply(_DOWN_PHASES, kernel), (3, 3, 4 * channels, filters))


def _apply(phases, kernel):
    """Linear map from the 9 entries of a 3x3 kernel to the 36 of the folded one (tap, tap, phase, phase)."""
    return ops.matmul(ops.cast(phases, kernel.dtype), ops.reshape(kernel, (9, -1)))


def _phases(gain, filter_tap):
    """`(36, 9)` matrix of a folding: kernel entry `k` is weighed by filter tap `filter_tap(phase, tap, k)`."""
    line = np.zeros((3, 2, 3), "float32")
    for tap, phase, k in np.ndindex(3, 2, 3):
        j = filter_tap(phase, tap, k)
        if 0 <= j < 4:
            line[tap, phase, k] = gain * TAPS[j]
    return np.einsum("yat,xbu->yxabtu", line, line).reshape(36, 9)


# Output 2m + phase of "insert zeros, convolve with k, filter" sees input m + tap - 1 through this filter tap.
_UP_PHASES = _phases(2.0, lambda phase, tap, k: 2 * tap - 1 - phase + k)
# Output m of "filter, convolve with k at stride 2" sees input 2 (m + tap - 1) + phase through this filter tap.
_DOWN_PHASES = _phases(1.0, lambda phase, tap, k: 2 * tap + phase - k)
