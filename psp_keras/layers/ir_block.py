import keras
from keras import ops

from psp_keras.layers.batch_normalization import BatchNormalization
from psp_keras.layers.prelu import PReLU
from psp_keras.layers.squeeze_excite import SqueezeExcite
from psp_keras.layers.symmetric_conv2d import SymmetricConv2D
from psp_keras.ops.checks import check_shape
from psp_keras.ops.onednn import fused

_WITHOUT_GATE = 5  # layers of the residual branch before squeeze and excitation


@fused()
def _add_gated(residual, shortcut, gates):
    return ops.cast(ops.cast(residual, "float32") * gates + ops.cast(shortcut, "float32"), residual.dtype)


@keras.saving.register_keras_serializable(package="psp_keras")
class IRBlock(keras.layers.Layer):
    """Improved residual block of ArcFace's IR networks (Deng et al., CVPR 2019, section 3.2.2).

    Batch norm, convolution, PReLU, strided convolution, batch norm and, in IR-SE, squeeze and excitation.
    The shortcut is the input itself, subsampled, where the number of channels stays.

    Args:
        filters: number of output channels.
        strides: 1, or 2 to halve the resolution.
        squeeze_excite: whether a squeeze-and-excitation gate closes the residual branch.

    Input shape: `(N, H, W, C)`. Output shape: `(N, H / strides, W / strides, filters)`.

    Example:
        >>> IRBlock(32, strides=2)(np.zeros((1, 16, 16, 16))).shape
        (1, 8, 8, 32)
    """

    def __init__(self, filters, strides=1, squeeze_excite=True, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.strides = strides
        self.squeeze_excite = squeeze_excite

    def build(self, input_shape):
        check_shape("inputs", input_shape, ("N", "H", "W", "C"))
        policy = self.dtype_policy
        self.residual = [
            BatchNormalization(dtype=policy, name="norm_in"),
            SymmetricConv2D(self.filters, 3, use_bias=False, dtype=policy, name="conv_1"),
            PReLU(dtype=policy, name="prelu"),
            SymmetricConv2D(self.filters, 3, self.strides, use_bias=False, dtype=policy, name="conv_2"),
            BatchNormalization(dtype=policy, name="norm_out"),
        ]
        if self.squeeze_excite:
            self.residual.append(SqueezeExcite(dtype=policy, name="squeeze_excite"))
        self.shortcut = []
        if input_shape[-1] != self.filters:
            self.shortcut = [
                SymmetricConv2D(self.filters, 1, self.strides, use_bias=False, dtype=policy, name="shortcut_conv"),
                BatchNormalization(dtype=policy, name="shortcut_norm"),
            ]
        for branch in (self.residual, self.shortcut):
            shape = input_shape
            for layer in branch:
                layer.build(shape)
                shape = layer.compute_output_shape(shape)

    def call(self, inputs, training=False):
        residual = _run(self.residual[:_WITHOUT_GATE], inputs, training)
        shortcut = _run(self.shortcut, inputs, training) if self.shortcut else self._subsample(inputs)
        if not self.squeeze_excite:
            return residual + shortcut
        return _add_gated(residual, shortcut, ops.cast(self.residual[-1].gates(residual), "float32"))

    def _subsample(self, inputs):
        step = self.strides
        return inputs if step == 1 else inputs[:, ::step, ::step]

    def compute_output_shape(self, input_shape):
        batch, height, width, _ = input_shape
        smaller = tuple(None if size is None else -(-size // self.strides) for size in (height, width))
        return (batch, *smaller, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "strides": self.strides,
            "squeeze_excite": self.squeeze_excite,
        }


def _run(layers, x, training):
    for layer in layers:
        is_norm = isinstance(layer, BatchNormalization)
        x = layer(x, training=training) if is_norm else layer(x)
    return x
