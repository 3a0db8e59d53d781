import keras
from keras import ops

from psp_keras.layers.batch_normalization import BatchNormalization
from psp_keras.layers.symmetric_conv2d import SymmetricConv2D

_EXPANSION = 4


@keras.saving.register_keras_serializable(package="psp_keras")
class BottleneckBlock(keras.layers.Layer):
    """Residual bottleneck of ResNet-50 with the stride on its 3x3 convolution (He et al., CVPR 2016, figure 5).

    Args:
        filters: channels of the 3x3 convolution; the output has four times as many.
        strides: 1, or 2 to halve the resolution.
        project: whether the shortcut is a convolution; where channels or resolution change.

    Input shape: `(N, H, W, C)`. Output shape: `(N, H / strides, W / strides, 4 * filters)`.

    Example:
        >>> BottleneckBlock(8, strides=2, project=True)(np.zeros((1, 16, 16, 16))).shape
        (1, 8, 8, 32)
    """

    def __init__(self, filters, strides=1, project=False, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.strides = strides
        self.project = project

    def build(self, input_shape):
        plan = [("1", self.filters, 1, 1), ("2", self.filters, 3, self.strides), ("3", self.filters * _EXPANSION, 1, 1)]
        self.convs, self.norms, shape = [], [], input_shape
        for name, filters, kernel, strides in plan:
            shape = self._add(name, shape, filters, kernel, strides)
        if self.project:
            self._add("shortcut", input_shape, self.filters * _EXPANSION, 1, self.strides)

    def _add(self, name, shape, filters, kernel, strides):
        conv = SymmetricConv2D(filters, kernel, strides, use_bias=False, dtype=self.dtype_policy, name=f"conv_{name}")
        norm = BatchNormalization(dtype=self.dtype_policy, name=f"norm_{name}")
        conv.build(shape)
        shape = conv.compute_output_shape(shape)
        norm.build(shape)
        self.convs.append(conv)
        self.norms.append(norm)
        return shape

    def call(self, inputs, training=False):
        x, shortcut = inputs, inputs
        for conv, norm in zip(self.convs[:2], self.norms[:2]):
            x = ops.relu(norm(conv(x), training=training))
        x = self.norms[2](self.convs[2](x), training=training)
        if self.project:
            shortcut = self.norms[3](self.convs[3](inputs), training=training)
        return ops.relu(x + shortcut)

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        smaller = tuple(None if size is None else -(-size // self.strides) for size in (height, width))
        return (batch, *smaller, self.filters * _EXPANSION)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "strides": self.strides, "project": self.project}
