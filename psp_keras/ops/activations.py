"""StyleGAN2's activation."""

import math

from keras import ops


def scaled_leaky_relu(x):
    """Leaky ReLU of slope 0.2 times sqrt(2), which keeps the variance (StyleGAN2, appendix B)."""
    return ops.leaky_relu(x, 0.2) * math.sqrt(2.0)
