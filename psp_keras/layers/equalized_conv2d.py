import math

import keras
from keras import ops

from psp_keras.ops.activations import scaled_leaky_relu
from psp_keras.ops.checks import check_shape
from psp_keras.ops.fir import centre_kernel, fold_down_kernel, space_to_depth_2x


@keras.saving.register_keras_serializable(package="psp_keras")
class EqualizedConv2D(keras.layers.Layer):
    """Convolution with an equalized learning rate, optionally halving the resolution through a low-pass filter.

    The building block of the StyleGAN2 discriminator (StyleGAN2, section 4.1 and appendix B).

    Args:
        filters: number of output channels.
        kernel_size: 1 or 3.
        down: whether to halve height and width.
        activate: whether a bias and `scaled_leaky_relu` follow.

    Input shape: `(N, H, W, C)`. Output shape: `(N, H, W, filters)`, or half of H and W with `down`.

    Example:
        >>> EqualizedConv2D(8, 3, down=True)(np.zeros((1, 16, 16, 4))).shape
        (1, 8, 8, 8)
    """

    def __init__(self, filters, kernel_size, down=False, activate=True, **kwargs):
        super().__init__(**kwargs)
        if kernel_size not in (1, 3):
            raise ValueError(f"`kernel_size` must be 1 or 3, got {kernel_size}.")
        self.filters = filters
        self.kernel_size = kernel_size
        self.down = down
        self.activate = activate

    def build(self, input_shape):
        check_shape("inputs", input_shape, ("N", "H", "W", "C"))
        channels = input_shape[-1]
        self.scale = 1.0 / math.sqrt(channels * self.kernel_size**2)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.kernel_size, self.kernel_size, channels, self.filters),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
        )
        if self.activate:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")

    def call(self, inputs):
        kernel = self.kernel * self.scale
        if self.down:
            kernel = fold_down_kernel(centre_kernel(kernel) if self.kernel_size == 1 else kernel)
            inputs = space_to_depth_2x(inputs)
        x = ops.conv(inputs, kernel, padding="same")
        return scaled_leaky_relu(x + self.bias) if self.activate else x

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        factor = 2 if self.down else 1
        halved = tuple(None if size is None else size // factor for size in (height, width))
        return (batch, *halved, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "down": self.down,
            "activate": self.activate,
        }
