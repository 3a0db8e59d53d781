import keras
from keras import ops

from psp_keras.layers.modulated_conv2d import ModulatedConv2D
from psp_keras.ops.fir import upsample_2x


@keras.saving.register_keras_serializable(package="psp_keras")
class ToRGB(keras.layers.Layer):
    """Adds this resolution's image to the upsampled image of the one below (StyleGAN2, figure 7b).

    The image is accumulated in float32 under every dtype policy.

    Args:
        channels: image channels.

    Input shape: features `(N, H, W, C)`, styles `(N, style_dim)`, and the image so far
        `(N, H/2, W/2, channels)`, or `None` at the first resolution.
    Output shape: `(N, H, W, channels)`.

    Example:
        >>> image = np.zeros((1, 4, 4, 3), "float32")
        >>> ToRGB()(np.zeros((1, 8, 8, 16)), np.zeros((1, 32)), image).shape
        (1, 8, 8, 3)
    """

    def __init__(self, channels=3, **kwargs):
        super().__init__(**{"autocast": False, **kwargs})
        self.channels = channels
        self.conv = ModulatedConv2D(channels, 1, demodulate=False, dtype=self.dtype_policy, name="conv")

    def build(self, features_shape, styles_shape, image_shape=None):
        self.conv.build(features_shape, styles_shape)
        self.bias = self.add_weight(name="bias", shape=(self.channels,), initializer="zeros", autocast=False)

    def call(self, features, styles, image=None):
        rgb = ops.cast(self.conv(features, styles), "float32") + ops.cast(self.bias, "float32")
        return rgb if image is None else rgb + upsample_2x(image)

    def compute_output_shape(self, features_shape, styles_shape, image_shape=None):
        return self.conv.compute_output_shape(features_shape, styles_shape)

    def compute_output_spec(self, features, styles, image=None):
        return keras.KerasTensor(self.compute_output_shape(features.shape, styles.shape), dtype="float32")

    def get_config(self):
        return {**super().get_config(), "channels": self.channels}
