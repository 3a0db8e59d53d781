"""What pays where TensorFlow runs operation by operation on a CPU, through oneDNN.

XLA, JAX and GPUs do these things by themselves, or better otherwise; there the plain operations run.
"""

import contextlib
import functools
import math

import keras
from keras import ops

# Below so many numbers a sample, an operation's result stays in the cache, and compiling costs more than it saves.
_WORTH_FUSING = 1 << 20
# A convolution of few positions reads more kernel than picture; a matrix product does not reorder the kernel first.
_FEW_POSITIONS = {"float32": 4096, "bfloat16": 256}
_UNKNOWN_BATCH = 4

_portable = False


@functools.cache
def on_onednn():
    """Whether operations run through TensorFlow's oneDNN kernels."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.list_physical_devices("GPU")


@contextlib.contextmanager
def portable_graph():
    """Traces graphs without XLA, for runtimes that lack it."""
    global _portable
    before, _portable = _portable, True
    try:
        yield
    finally:
        _portable = before


def fused(function):
    """Lets a function of elementwise operations on large features read and write memory once.

    Args:
        function: takes features `(N, H, W, C)` and other tensors.
    """

    @functools.cache
    def compiled():
        import tensorflow as tf

        return tf.function(function, jit_compile=True, autograph=False)

    @functools.wraps(function)
    def run(features, *others):
        return (compiled() if _is_worth_fusing(features) else function)(features, *others)

    return run


def _is_worth_fusing(features):
    if _portable or not on_onednn():
        return False
    import tensorflow as tf

    return not tf.executing_eagerly() and math.prod(features.shape[1:]) >= _WORTH_FUSING


def conv(x, kernel, strides=1):
    """Convolution with `kernel_size // 2` zeros on every side: `(N, H, W, C)` to `(N, H / strides, W / strides, F)`."""
    size = kernel.shape[0]
    height, width = (-(-length // strides) for length in x.shape[1:3])
    if size > 1 and on_onednn() and _has_few_positions(x, height * width):
        return _conv_as_matmul(x, kernel, strides, height, width)
    if strides == 1:
        return ops.conv(x, kernel, padding="same")
    return ops.conv(_pad(x, size // 2), kernel, strides=strides, padding="valid")


def _has_few_positions(x, positions):
    return (x.shape[0] or _UNKNOWN_BATCH) * positions <= _FEW_POSITIONS[keras.backend.standardize_dtype(x.dtype)]


def _conv_as_matmul(x, kernel, strides, height, width):
    size, _, channels, filters = kernel.shape
    padded = _pad(x, size // 2)
    taps = [
        padded[:, i : i + strides * (height - 1) + 1 : strides, j : j + strides * (width - 1) + 1 : strides]
        for i in range(size)
        for j in range(size)
    ]
    seen = ops.reshape(ops.concatenate(taps, axis=-1), (-1, size * size * channels))
    product = ops.matmul(seen, ops.reshape(kernel, (size * size * channels, filters)))
    return ops.reshape(product, (-1, height, width, filters))


def _pad(x, side):
    return ops.pad(x, [[0, 0], [side, side], [side, side], [0, 0]])


def low_pass(x, taps, padding):
    """Filters height and width with the symmetric `taps`: one depthwise convolution, one pass over memory.

    Args:
        x: `(N, H, W, C)`.
        taps: NumPy array `(T,)`.
        padding: zeros on every side.

    Returns:
        `(N, H + 2 * padding - T + 1, W + 2 * padding - T + 1, C)`.
    """
    import tensorflow as tf

    kernel = (taps[:, None] * taps[None, :])[:, :, None, None].repeat(x.shape[-1], axis=2)
    around = [[0, 0], [padding, padding], [padding, padding], [0, 0]]

    @tf.custom_gradient
    def filtered(x):
        # The filter is symmetric: its gradient is the filter. TensorFlow's own, which oneDNN lacks, is slow.
        backward = functools.partial(low_pass, taps=taps, padding=len(taps) - 1 - padding)
        return tf.nn.depthwise_conv2d(x, tf.constant(kernel, x.dtype), (1, 1, 1, 1), around), backward

    return filtered(x)
