import keras
from keras import ops

from psp_keras.layers.batch_normalization import BatchNormalization
from psp_keras.layers.symmetric_conv2d import SymmetricConv2D
from psp_keras.ops.checks import check_shape


@keras.saving.register_keras_serializable(package="psp_keras")
class BasicBlock(keras.layers.Layer):
    """Residual block of ResNet-18 and ResNet-34: two 3x3 convolutions (He et al., CVPR 2016, figure 5).

    The shortcut is a convolution where channels or resolution change, and the input itself elsewhere.

    Args:
        filters: number of output channels.
        strides: 1, or 2 to halve the resolution.

    Input shape: `(N, H, W, C)`. Output shape: `(N, H / strides, W / strides, filters)`.

    Example:
        >>> BasicBlock(32, strides=2)(np.zeros((1, 16, 16, 16))).shape
        (1, 8, 8, 32)
    """

    def __init__(self, filters, strides=1, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.strides = strides

    def build(self, input_shape):
        check_shape("inputs", input_shape, ("N", "H", "W", "C"))
        self.convs, self.norms = [], []
        shape = self._add("1", input_shape, 3, self.strides)
        self._add("2", shape, 3, 1)
        if self.strides != 1 or input_shape[-1] != self.filters:
            self._add("shortcut", input_shape, 1, self.strides)

    def _add(self, name, shape, kernel, strides):
        policy = self.dtype_policy
        conv = SymmetricConv2D(self.filters, kernel, strides, use_bias=False, dtype=policy, name=f"conv_{name}")
        norm = BatchNormalization(dtype=policy, name=f"norm_{name}")
        conv.build(shape)
        shape = conv.compute_output_shape(shape)
        norm.build(shape)
        self.convs.append(conv)
        self.norms.append(norm)
        return shape

    def call(self, inputs, training=False):
        x = ops.relu(self.norms[0](self.convs[0](inputs), training=training))
        x = self.norms[1](self.convs[1](x), training=training)
        shortcut = inputs
        for conv, norm in zip(self.convs[2:], self.norms[2:]):
            shortcut = norm(conv(inputs), training=training)
        return ops.relu(x + shortcut)

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        smaller = tuple(None if size is None else -(-size // self.strides) for size in (height, width))
        return (batch, *smaller, self.filters)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "strides": self.strides}
