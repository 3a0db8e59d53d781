import keras
from keras import ops

from psp_keras.layers.adaptive_instance_norm import AdaptiveInstanceNorm
from psp_keras.layers.equalized_conv2d import EqualizedConv2D
from psp_keras.layers.noise_injection import NoiseInjection
from psp_keras.ops.activations import scaled_leaky_relu
from psp_keras.ops.checks import check_shape
from psp_keras.ops.onednn import fused


@fused("noise", "bias")
def _activate(x, noise, bias):
    return scaled_leaky_relu(ops.cast(x, "float32") + noise + bias)


@keras.saving.register_keras_serializable(package="psp_keras")
class AdaINBlock(keras.layers.Layer):
    """One style block of the first StyleGAN: 3x3 convolution, noise, bias, activation, AdaIN.

    Source: StyleGAN, figure 1b.

    Args:
        filters: number of output channels.
        up: whether to double the resolution.
        convolve: whether there is a convolution: the block of the learned constant has none.

    Input shape: features `(N, H, W, C)` and styles `(N, style_dim)`.
    Output shape: `(N, H, W, filters)`, H and W doubled with `up`.

    Raises:
        ValueError: the channels are not `filters` where nothing is convolved.

    Example:
        >>> AdaINBlock(8, up=True)(np.zeros((1, 4, 4, 16)), np.zeros((1, 32))).shape
        (1, 8, 8, 8)
    """

    def __init__(self, filters, up=False, convolve=True, **kwargs):
        super().__init__(**{"autocast": False, **kwargs})
        self.filters = filters
        self.up = up
        self.convolve = convolve
        policy = {"dtype": self.dtype_policy}
        self.conv = EqualizedConv2D(filters, 3, activate=False, up=up, name="conv", **policy) if convolve else None
        self.noise = NoiseInjection(per_channel=True, name="noise", **policy)
        self.norm = AdaptiveInstanceNorm(name="norm", **policy)

    def build(self, features_shape, styles_shape):
        if self.convolve:
            self.conv.build(features_shape)
        else:
            check_shape("features", features_shape, ("N", "H", "W", self.filters))
        shape = self.compute_output_shape(features_shape, styles_shape)
        self.noise.build(shape)
        self.norm.build(shape, styles_shape)
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")

    def call(self, features, styles, randomize_noise=False):
        x = self.conv(features) if self.convolve else features
        noise = self.noise.scaled_noise(ops.shape(x)[0], randomize_noise)
        noise, bias = (ops.cast(added, "float32") for added in (noise, self.bias))
        return self.norm(_activate(x, noise, bias, trainable=self.trainable), styles)

    def compute_output_shape(self, features_shape, styles_shape):
        return self.conv.compute_output_shape(features_shape) if self.convolve else features_shape

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "up": self.up, "convolve": self.convolve}
