import math

import keras
from keras import ops

from psp_keras.layers.equalized_dense import EqualizedDense
from psp_keras.layers.symmetric_conv2d import SymmetricConv2D
from psp_keras.ops.checks import check_shape


@keras.saving.register_keras_serializable(package="psp_keras")
class Map2Style(keras.layers.Layer):
    """Reads one style from a feature map: strided convolutions down to 1x1, then a dense layer (pSp, section 3).

    Args:
        units: size of the style.
        filters: channels of the convolutions; `units` by default.

    Input shape: `(N, S, S, C)`, S a power of two. Output shape: `(N, units)`.

    Example:
        >>> Map2Style(512)(np.zeros((2, 16, 16, 256))).shape
        (2, 512)
    """

    def __init__(self, units, filters=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.filters = filters or units

    def build(self, input_shape):
        check_shape("features", input_shape, ("N", "S", "S", "C"))
        size = input_shape[1]
        if size != input_shape[2] or size < 2 or size & (size - 1):
            raise ValueError(f"`features` must be square with a power of two as size, got shape {input_shape}.")
        policy = self.dtype_policy
        self.convs = [
            SymmetricConv2D(self.filters, 3, strides=2, dtype=policy, name=f"conv_{i}")
            for i in range(int(math.log2(size)))
        ]
        shape = input_shape
        for conv in self.convs:
            conv.build(shape)
            shape = conv.compute_output_shape(shape)
        self.dense = EqualizedDense(self.units, dtype="float32", name="dense")
        self.dense.build((None, self.filters))

    def call(self, features):
        x = features
        for conv in self.convs:
            x = ops.leaky_relu(conv(x), 0.01)
        return self.dense(ops.reshape(x, (-1, self.filters)))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.units)

    def compute_output_spec(self, features):
        return keras.KerasTensor(self.compute_output_shape(features.shape), dtype="float32")

    def get_config(self):
        return {**super().get_config(), "units": self.units, "filters": self.filters}
