import keras
from keras import ops


@keras.saving.register_keras_serializable(package="psp_keras")
class SqueezeExcite(keras.layers.Layer):
    """Scales every channel by a gate read from all channel means (Hu et al., CVPR 2018).

    Args:
        reduction: the hidden layer has `channels / reduction` units.

    Input shape: `(N, H, W, C)`. Output shape: the same.

    Example:
        >>> SqueezeExcite(4)(np.zeros((1, 8, 8, 16))).shape
        (1, 8, 8, 16)
    """

    def __init__(self, reduction=16, **kwargs):
        super().__init__(**kwargs)
        self.reduction = reduction

    def build(self, input_shape):
        channels = input_shape[-1]
        hidden = max(1, channels // self.reduction)
        policy = self.dtype_policy
        self.squeeze = keras.layers.Dense(hidden, activation="relu", use_bias=False, dtype=policy, name="squeeze")
        self.excite = keras.layers.Dense(channels, activation="sigmoid", use_bias=False, dtype=policy, name="excite")
        self.squeeze.build((None, channels))
        self.excite.build((None, hidden))

    def call(self, inputs):
        return inputs * self.gates(inputs)

    def gates(self, inputs):
        """What the channels are scaled by, `(N, 1, 1, C)` in (0, 1)."""
        gates = self.excite(self.squeeze(ops.mean(inputs, axis=(1, 2))))
        return ops.reshape(gates, (-1, 1, 1, inputs.shape[-1]))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "reduction": self.reduction}
