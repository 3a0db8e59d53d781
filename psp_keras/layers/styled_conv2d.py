import keras
from keras import ops

from psp_keras.layers.modulated_conv2d import ModulatedConv2D, modulate
from psp_keras.layers.noise_injection import NoiseInjection
from psp_keras.ops.activations import scaled_leaky_relu
from psp_keras.ops.onednn import fused


@fused("noise", "bias")
def _finish(x, demodulation, gain, noise, bias):
    y = scaled_leaky_relu(ops.cast(x, "float32") * demodulation + noise + bias)
    return ops.cast(y * gain, x.dtype)


@keras.saving.register_keras_serializable(package="psp_keras")
class StyledConv2D(keras.layers.Layer):
    """One style block of the synthesis network: modulated 3x3 convolution, noise, bias, activation.

    Source: StyleGAN2, figure 2c.

    Args:
        filters: number of output channels.
        up: whether to double the resolution.

    Input shape: features `(N, H, W, C)` and styles `(N, style_dim)`.
    Output shape: `(N, H, W, filters)`, H and W doubled with `up`.

    Example:
        >>> StyledConv2D(8, up=True)(np.zeros((1, 4, 4, 16)), np.zeros((1, 32))).shape
        (1, 8, 8, 8)
    """

    def __init__(self, filters, up=False, **kwargs):
        super().__init__(**{"autocast": False, **kwargs})
        self.filters = filters
        self.up = up
        self.conv = ModulatedConv2D(filters, 3, resample="up" if up else None, dtype=self.dtype_policy, name="conv")
        self.noise = NoiseInjection(dtype=self.dtype_policy, name="noise")

    def build(self, features_shape, styles_shape):
        self.conv.build(features_shape, styles_shape)
        self.noise.build(self.conv.compute_output_shape(features_shape, styles_shape))
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")

    def call(self, features, styles, randomize_noise=False):
        scales = self.conv.scales(styles)
        features = modulate(ops.cast(features, self.compute_dtype), scales)
        return self.call_modulated(features, scales, [ops.ones((1, self.filters))], randomize_noise)[0]

    def call_modulated(self, modulated, scales, gains, randomize_noise=False):
        """What `call` does to features that are modulated already, with the output scaled in the same pass.

        Args:
            modulated: features times scales, `(N, H, W, C)`.
            scales: of `ModulatedConv2D.scales`, `(N, C)`.
            gains: factors of the output channels, `(N or 1, filters)` each, such as the next layer's scales.
            randomize_noise: whether to draw fresh noise.

        Returns:
            One output for each of `gains`.
        """
        x = self.conv.convolve(modulated)
        noise = self.noise.scaled_noise(ops.shape(x)[0], randomize_noise)
        noise, bias = (ops.cast(added, "float32") for added in (noise, self.bias))
        demodulation = self.conv.demodulation(scales)
        return [_finish(x, demodulation, gain[:, None, None], noise, bias, trainable=self.trainable) for gain in gains]

    def compute_output_shape(self, features_shape, styles_shape):
        return self.conv.compute_output_shape(features_shape, styles_shape)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "up": self.up}
