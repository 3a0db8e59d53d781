import math

import keras
from keras import ops

from psp_keras.ops.activations import scaled_leaky_relu
from psp_keras.ops.checks import check_shape
from psp_keras.ops.fir import centre_kernel, fold_down_kernel, space_to_depth_2x
from psp_keras.ops.repeat_and_blur import blur, repeat_conv


@keras.saving.register_keras_serializable(package="psp_keras")
class EqualizedConv2D(keras.layers.Layer):
    """Convolution with an equalized learning rate, optionally changing the resolution through a low-pass filter.

    The building block of the StyleGAN2 discriminator (StyleGAN2, section 4.1 and appendix B) and, doubling the
    resolution, of the StyleGAN generator (StyleGAN, section 2).

    Args:
        filters: number of output channels.
        kernel_size: 1 or 3.
        down: whether to halve height and width.
        activate: whether a bias and `scaled_leaky_relu` follow.
        up: whether to double height and width: pixels are repeated before the convolution, and blurred after it.

    Input shape: `(N, H, W, C)`. Output shape: `(N, H, W, filters)`, half of H and W with `down`, twice with `up`.

    Raises:
        ValueError: `kernel_size` is neither 1 nor 3, or not 3 with `up`, or there is both `up` and `down`.

    Example:
        >>> EqualizedConv2D(8, 3, down=True)(np.zeros((1, 16, 16, 4))).shape
        (1, 8, 8, 8)
    """

    def __init__(self, filters, kernel_size, down=False, activate=True, up=False, **kwargs):
        super().__init__(**kwargs)
        if kernel_size not in ((3,) if up else (1, 3)):
            raise ValueError(f"`kernel_size` must be 1 or 3, and 3 with `up`, got {kernel_size}.")
        if up and down:
            raise ValueError("`up` and `down` exclude each other.")
        self.filters = filters
        self.kernel_size = kernel_size
        self.down = down
        self.activate = activate
        self.up = up

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
        x = blur(repeat_conv(inputs, kernel)) if self.up else ops.conv(inputs, kernel, padding="same")
        return scaled_leaky_relu(x + self.bias) if self.activate else x

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        factor = 0.5 if self.down else 2 if self.up else 1
        resized = tuple(None if size is None else int(size * factor) for size in (height, width))
        return (batch, *resized, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "down": self.down,
            "activate": self.activate,
            "up": self.up,
        }
