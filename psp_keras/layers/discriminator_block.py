import math

import keras

from psp_keras.layers.equalized_conv2d import EqualizedConv2D


@keras.saving.register_keras_serializable(package="psp_keras")
class DiscriminatorBlock(keras.layers.Layer):
    """Residual block that halves the resolution (StyleGAN2, figure 7c).

    Args:
        filters: number of output channels.

    Input shape: `(N, H, W, C)`. Output shape: `(N, H/2, W/2, filters)`.

    Example:
        >>> DiscriminatorBlock(8)(np.zeros((1, 16, 16, 4))).shape
        (1, 8, 8, 8)
    """

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters

    def build(self, input_shape):
        policy = self.dtype_policy
        self.conv = EqualizedConv2D(input_shape[-1], 3, dtype=policy, name="conv")
        self.down_conv = EqualizedConv2D(self.filters, 3, down=True, dtype=policy, name="down_conv")
        self.skip = EqualizedConv2D(self.filters, 1, down=True, activate=False, dtype=policy, name="skip")
        for layer in (self.conv, self.down_conv, self.skip):
            layer.build(input_shape)

    def call(self, inputs):
        return (self.down_conv(self.conv(inputs)) + self.skip(inputs)) * math.sqrt(0.5)

    def compute_output_shape(self, input_shape):
        return self.down_conv.compute_output_shape(input_shape)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}
