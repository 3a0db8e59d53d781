"""What pays where TensorFlow runs operation by operation on a CPU, through oneDNN.

XLA, JAX and GPUs do these things by themselves, or better otherwise; there the plain operations run.
"""

import contextlib
import contextvars
import functools
import math

import keras
from keras import ops

# Of tensors with fewer numbers, an operation's result stays in the cache, and compiling costs more than it saves.
_WORTH_FUSING = 1 << 20

# The gradient of a factor for each channel is a sum over the image, slow in XLA's CPU code. The sum of so many
# slices of the width it computes along with what they hold; TensorFlow sums the rest.
_SLICES = 8

_portable = contextvars.ContextVar("portable_graph", default=False)


@functools.cache
def on_onednn():
    """Whether operations run through TensorFlow's oneDNN kernels."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.list_physical_devices("GPU")


@contextlib.contextmanager
def portable_graph():
    """Traces graphs for other runtimes: without XLA, which they may lack, and without gradients of our own."""
    before = _portable.set(True)
    try:
        yield
    finally:
        _portable.reset(before)


def is_portable():
    """Whether a graph for other runtimes is being traced."""
    return _portable.get()


def fused(*weights):
    """Lets elementwise operations on large tensors read and write memory once, also in the gradient.

    The gradient computes the function anew instead of keeping what lies between, so that training needs less memory.

    Args:
        *weights: names of the function's last arguments, where they come from the weights of a layer.

    Returns:
        A decorator of functions that take tensors, the first of them large, and return one or a list of them. It adds
        an argument `trainable`: whether the weights need a gradient.
    """

    def decorate(function):
        compiled = functools.cache(functools.partial(_compile, function))

        @functools.wraps(function)
        def run(*inputs, trainable=True):
            if not _is_worth_fusing(inputs[0]):
                return function(*inputs)
            learned = len(inputs) if trainable else len(inputs) - len(weights)
            return compiled()(inputs[:learned], inputs[learned:])

        return run

    return decorate


def _compile(function):
    """Returns a function of the inputs that need a gradient and of those that follow them and need none."""
    import tensorflow as tf

    forward = tf.function(function, jit_compile=True, autograph=False)

    @tf.function(jit_compile=True, autograph=False)
    def backward(inputs, constants, upstream):
        repeated = [_is_per_channel(value, inputs[0]) for value in inputs]
        wide = [tf.broadcast_to(v, tf.shape(inputs[0])) if is_ else v for v, is_ in zip(inputs, repeated)]
        with tf.GradientTape() as tape:
            tape.watch(wide)
            outputs = function(*wide, *constants)
        gradients = tape.gradient(outputs, wide, upstream)
        return [tf.add_n(tf.split(g, _SLICES, 2)) if is_ else g for g, is_ in zip(gradients, repeated)]

    def run(inputs, constants):
        @tf.custom_gradient
        def differentiable(*inputs):
            def gradients(*upstream):
                found = backward(inputs, constants, list(upstream))
                return [_sum_to_shape(g, v) if _is_per_channel(v, inputs[0]) else g for g, v in zip(found, inputs)]

            return forward(*inputs, *constants), gradients

        return differentiable(*inputs)

    return run


def _is_worth_fusing(x):
    if is_portable() or not on_onednn():
        return False
    import tensorflow as tf

    return not tf.executing_eagerly() and math.prod(size or 1 for size in x.shape) >= _WORTH_FUSING


def _is_per_channel(value, x):
    """Whether `value` is the same all over each image of `x`."""
    shape = _in_four_axes(value)
    return len(x.shape) == 4 and shape[1] == shape[2] == 1 and x.shape[2] % _SLICES == 0


def _sum_to_shape(gradient, value):
    """Sums a gradient over the axes along which `value` was repeated."""
    import tensorflow as tf

    axes = [axis for axis, size in enumerate(_in_four_axes(value)) if size == 1]
    return tf.reshape(tf.reduce_sum(gradient, axes), tf.shape(value))


def _in_four_axes(value):
    return (1, 1, 1, 1, *value.shape)[-4:]


def batch_norm(x, gamma, beta, epsilon):
    """Normalises a batch by its own statistics, in one operation, also in the gradient.

    Args:
        x: `(N, H, W, C)`.
        gamma: factors `(C,)`, float32.
        beta: offsets `(C,)`, float32.
        epsilon: added to the variance.

    Returns:
        `(normalised, mean, variance)`, the latter two `(C,)`, float32.
    """
    import tensorflow as tf

    nothing = tf.zeros((0,))
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x, scale=gamma, offset=beta, mean=nothing, variance=nothing, epsilon=epsilon, is_training=True
    )
    count = tf.cast(tf.size(x) // x.shape[-1], tf.float32)
    return outputs, mean, variance * (count - 1) / count  # the operation divides by `count - 1`


def conv(x, kernel):
    """Convolves with stride 1, and keeps height and width.

    TensorFlow hands oneDNN the kernel of a 2D convolution of a single image unpacked, which without AVX-512 leaves it
    only a slow algorithm. A 3D convolution of depth one does not suffer from that; of the gradients, 2D is faster.

    Args:
        x: `(N, H, W, C)`.
        kernel: `(K, K, C, F)`.

    Returns:
        `(N, H, W, F)`.
    """
    if is_portable() or not on_onednn():
        return ops.conv(x, kernel, padding="same")
    import tensorflow as tf

    strides = (1, 1, 1, 1)

    @tf.custom_gradient
    def differentiable(x, kernel):
        def gradients(upstream):
            return (
                tf.nn.conv2d_transpose(upstream, kernel, tf.shape(x), strides),
                tf.raw_ops.Conv2DBackpropFilter(
                    input=x, filter_sizes=kernel.shape, out_backprop=upstream, strides=strides, padding="SAME"
                ),
            )

        return tf.squeeze(tf.nn.conv3d(x[:, None], kernel[None], (1, *strides), "SAME"), 1), gradients

    return differentiable(x, kernel)


def low_pass(x, taps, padding):
    """Filters height and width with the symmetric `taps`: one depthwise convolution, one pass over memory.

    Args:
        x: `(N, H, W, C)`.
        taps: NumPy array `(T,)`.
        padding: zeros `(before, after)` height and width.

    Returns:
        `(N, H + sum(padding) - T + 1, W + sum(padding) - T + 1, C)`.
    """
    import tensorflow as tf

    kernel = (taps[:, None] * taps[None, :])[:, :, None, None].repeat(x.shape[-1], axis=2)
    around = [[0, 0], padding, padding, [0, 0]]

    def filtered(x):
        return tf.nn.depthwise_conv2d(x, tf.constant(kernel, x.dtype), (1, 1, 1, 1), around)

    @tf.custom_gradient
    def differentiable(x):
        # The filter is symmetric: its gradient is the filter. TensorFlow's own, which oneDNN lacks, is slow.
        return filtered(x), functools.partial(low_pass, taps=taps, padding=[len(taps) - 1 - side for side in padding])

    return filtered(x) if is_portable() else differentiable(x)  # loaders warn of gradients that they cannot find
