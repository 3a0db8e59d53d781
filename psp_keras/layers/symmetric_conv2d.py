import keras
from keras import ops


@keras.saving.register_keras_serializable(package="psp_keras")
class SymmetricConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` that pads `kernel_size // 2` zeros on every side, as PyTorch does.

    `padding="same"` agrees with it at stride 1, but pads only the end of each axis at stride 2.

    Args:
        filters: number of output channels.
        kernel_size: odd size of the kernel.
        strides: step of the convolution.
        use_bias: whether to add a bias.

    Input shape: `(N, H, W, C)`. Output shape: `(N, ceil(H / strides), ceil(W / strides), filters)`.

    Example:
        >>> SymmetricConv2D(8, 3, strides=2)(np.zeros((1, 16, 16, 4))).shape
        (1, 8, 8, 8)
    """

    def __init__(self, filters, kernel_size, strides=1, use_bias=True, **kwargs):
        super().__init__(filters, kernel_size, strides=strides, use_bias=use_bias, **{**kwargs, "padding": "same"})

    def call(self, inputs):
        if self.strides[0] == 1:
            return super().call(inputs)
        if self.kernel_size[0] == 1:
            inputs = inputs[:, :: self.strides[0], :: self.strides[1]]
            return self._with_bias(ops.conv(inputs, self.kernel, padding="valid"))
        side = self.kernel_size[0] // 2
        padded = ops.pad(inputs, [[0, 0], [side, side], [side, side], [0, 0]])
        return self._with_bias(ops.conv(padded, self.kernel, strides=self.strides, padding="valid"))

    def _with_bias(self, outputs):
        return outputs + self.bias if self.use_bias else outputs
