import math

import keras
from keras import ops

from psp_keras.layers.checks import check_shape
from psp_keras.layers.equalized_dense import EqualizedDense
from psp_keras.layers.fir import depth_to_space_2x, fold_down_kernel, fold_up_kernel, space_to_depth_2x


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
        kernel = self.kernel * self.scale
        scales = self.modulation(styles)
        x = ops.cast(features, self.compute_dtype) * self._per_channel(scales)
        x = self._convolve(x, kernel)
        return x * self._per_channel(self._demodulation(scales, kernel)) if self.demodulate else x

    def _demodulation(self, scales, kernel):
        energy = ops.sum(ops.square(kernel), axis=(0, 1))
        return ops.rsqrt(ops.matmul(ops.square(scales), energy) + 1e-8)

    def _convolve(self, x, kernel):
        if self.resample == "up":
            x = ops.conv(x, ops.cast(fold_up_kernel(kernel), x.dtype), padding="same")
            return depth_to_space_2x(x, self.filters)
        if self.resample == "down":
            return ops.conv(space_to_depth_2x(x), ops.cast(fold_down_kernel(kernel), x.dtype), padding="same")
        return ops.conv(x, ops.cast(kernel, x.dtype), padding="same")

    def _per_channel(self, scales):
        return ops.reshape(ops.cast(scales, self.compute_dtype), (-1, 1, 1, scales.shape[-1]))

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
