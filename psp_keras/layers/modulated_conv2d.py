import math

import keras
from keras import ops

from psp_keras.layers.equalized_dense import EqualizedDense
from psp_keras.ops.checks import check_shape
from psp_keras.ops.fir import fold_down_kernel, space_to_depth_2x, up_conv
from psp_keras.ops.onednn import conv


@keras.saving.register_keras_serializable(package="psp_keras")
class ModulatedConv2D(keras.layers.Layer):
    """Convolution whose input channels are scaled by a style (StyleGAN2, section 2.2).

    Activations are scaled instead of weights: `conv(x * s) * demod` with
    `demod = rsqrt(s^2 . sum_k w^2 + 1e-8)` equals the published grouped convolution and batches plainly.
    Modulation and demodulation are computed in float32 under every dtype policy.

    Args:
        filters: number of output channels.
        kernel_size: 1 or 3.
        demodulate: whether to normalise the output to unit expected variance; not for RGB outputs.
        resample: `None`, `"up"` or `"down"`: change of resolution by 2, low-pass filtered (3x3 kernels only).

    Input shape: features `(N, H, W, C)` and styles `(N, style_dim)`.
    Output shape: `(N, H, W, filters)`, H and W doubled or halved by `resample`.

    Example:
        >>> conv = ModulatedConv2D(10, 3, resample="up")
        >>> conv(np.zeros((2, 8, 8, 6)), np.zeros((2, 16))).shape
        (2, 16, 16, 10)
    """

    def __init__(self, filters, kernel_size, demodulate=True, resample=None, **kwargs):
        super().__init__(**{"autocast": False, **kwargs})
        if resample not in (None, "up", "down"):
            raise ValueError(f"`resample` must be None, 'up' or 'down', got {resample!r}.")
        if kernel_size not in ((1, 3) if resample is None else (3,)):
            raise ValueError(f"`kernel_size` must be 1 or 3, and 3 with `resample`, got {kernel_size}.")
        self.filters = filters
        self.kernel_size = kernel_size
        self.demodulate = demodulate
        self.resample = resample

    def build(self, features_shape, styles_shape):
        check_shape("features", features_shape, ("N", "H", "W", "C"))
        check_shape("styles", styles_shape, ("N", "style_dim"))
        channels = features_shape[-1]
        self.scale = 1.0 / math.sqrt(channels * self.kernel_size**2)
        self.modulation = EqualizedDense(channels, bias_initial=1.0, dtype="float32", name="modulation")
        self.modulation.build(styles_shape)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.kernel_size, self.kernel_size, channels, self.filters),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            autocast=False,
        )

    def call(self, features, styles):
        scales = self.scales(styles)
        x = ops.cast(features, self.compute_dtype)
        x = self._per_pixel(x, scales) if self.kernel_size == 1 else self.convolve(modulate(x, scales))
        return x * ops.cast(self.demodulation(scales), x.dtype) if self.demodulate else x

    def scales(self, styles):
        """Factors of the input channels, `(N, C)`, float32."""
        return self.modulation(styles) * self.scale

    def demodulation(self, scales):
        """Factors of the output channels that undo the scales' effect on their variance, `(N, 1, 1, filters)`."""
        energy = ops.sum(ops.square(ops.cast(self.kernel, "float32")), axis=(0, 1))
        return ops.rsqrt(ops.matmul(ops.square(scales), energy) + 1e-8)[:, None, None]

    def convolve(self, x):
        """Convolves modulated features `(N, H, W, C)`, without demodulation."""
        kernel = ops.cast(self.kernel, x.dtype)
        if self.resample == "up":
            return up_conv(x, kernel)
        if self.resample == "down":
            return conv(space_to_depth_2x(x), fold_down_kernel(kernel))
        return conv(x, kernel)

    def _per_pixel(self, x, scales):
        """A 1x1 convolution with a kernel for each sample, which spares scaling the features."""
        kernels = ops.cast(scales[:, :, None] * ops.cast(self.kernel[0, 0], "float32"), x.dtype)
        _, height, width, channels = x.shape
        product = ops.matmul(ops.reshape(x, (-1, height * width, channels)), kernels)
        return ops.reshape(product, (-1, height, width, self.filters))

    def compute_output_shape(self, features_shape, styles_shape):
        batch, height, width, _ = features_shape
        factor = {None: 1.0, "up": 2.0, "down": 0.5}[self.resample]
        resized = tuple(None if size is None else int(size * factor) for size in (height, width))
        return (batch, *resized, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "demodulate": self.demodulate,
            "resample": self.resample,
        }


def modulate(features, scales):
    """Scales the channels of features `(N, H, W, C)` by `(N, C)`."""
    return features * ops.cast(scales[:, None, None], features.dtype)
