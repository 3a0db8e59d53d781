import numpy as np
from keras import ops

from psp_keras.typing import Tensor

WINDOW = 11  # pixels
_DEVIATION = 1.5
_LUMINANCE, _CONTRAST = (0.01 * 2) ** 2, (0.03 * 2) ** 2  # against division by zero, for a range of 2


def structural_similarity(images: Tensor, others: Tensor) -> Tensor:
    """SSIM of pictures with a Gaussian window of 11 pixels (Wang et al., IEEE TIP 2004), the mean over the channels.

    Args:
        images: `(N, H, W, C)` in [-1, 1], H and W at least 11.
        others: of the same shape.

    Returns:
        `(N,)`, up to 1.
    """
    images, others = images + 1.0, others + 1.0
    mean, other_mean = _blur(images), _blur(others)
    product, squares = 2 * mean * other_mean, ops.square(mean) + ops.square(other_mean)
    luminance = (product + _LUMINANCE) / (squares + _LUMINANCE)
    covariance = 2 * _blur(images * others) - product
    variances = _blur(ops.square(images) + ops.square(others)) - squares
    return ops.mean(luminance * (covariance + _CONTRAST) / (variances + _CONTRAST), axis=(1, 2, 3))


def _blur(images):
    taps = np.exp(-((np.arange(WINDOW) - WINDOW // 2) ** 2) / (2 * _DEVIATION**2))
    kernel = np.outer(taps, taps) / taps.sum() ** 2
    kernel = np.repeat(kernel[:, :, None, None], images.shape[-1], axis=2).astype("float32")
    return ops.depthwise_conv(images, kernel, padding="valid")
