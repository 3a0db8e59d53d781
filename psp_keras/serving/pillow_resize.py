import numpy as np
import tensorflow as tf

_UNIT = 1 << 22  # of Pillow's weights


def pillow_resize_matrix(length, offset, side, size):
    """Pillow's bilinear resize of a part of one axis, antialiased where it shrinks, to its 22 binary digits.

    In double precision no sum of 8-bit pixels is rounded, so that ties fall as they do in Pillow.

    Args:
        length: pixels of the axis, as the next two a number or a float64 scalar tensor.
        offset: where the part begins.
        side: pixels of the part.
        size: pixels that it becomes.

    Returns:
        Float64 `(size, length)`.
    """
    length, offset, side = (tf.cast(value, tf.float64) for value in (length, offset, side))
    scale = side / size
    reach = tf.maximum(scale, 1.0)
    centers = offset + (np.arange(size)[:, None] + 0.5) * scale
    weights = tf.nn.relu(1.0 - tf.abs(tf.range(length)[None] + 0.5 - centers) / reach)
    return tf.round(weights / tf.reduce_sum(weights, axis=1, keepdims=True) * _UNIT) / _UNIT
