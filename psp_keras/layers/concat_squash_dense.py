import keras
from keras import ops

from psp_keras.ops.checks import check_shape


@keras.saving.register_keras_serializable(package="psp_keras")
class ConcatSquashDense(keras.layers.Layer):
    """Dense layer whose output a context gates and shifts (FFJORD, Grathwohl et al., ICLR 2019).

    `dense(x) * sigmoid(gate(context)) + shift(context)`

    Args:
        units: size of the output.

    Input shape: `(N, in)` and context `(N, context)`. Output shape: `(N, units)`.

    Example:
        >>> ConcatSquashDense(8)(np.zeros((2, 16)), np.zeros((2, 3))).shape
        (2, 8)
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.dense = keras.layers.Dense(units, dtype=self.dtype_policy, name="dense")
        self.gate = keras.layers.Dense(units, activation="sigmoid", dtype=self.dtype_policy, name="gate")
        self.shift = keras.layers.Dense(units, use_bias=False, dtype=self.dtype_policy, name="shift")

    def build(self, inputs_shape, context_shape):
        check_shape("inputs", inputs_shape, ("N", "in"))
        check_shape("context", context_shape, ("N", "context"))
        self.dense.build(inputs_shape)
        self.gate.build(context_shape)
        self.shift.build(context_shape)

    def call(self, inputs, context):
        return ops.multiply(self.dense(inputs), self.gate(context)) + self.shift(context)

    def compute_output_shape(self, inputs_shape, context_shape):
        return (inputs_shape[0], self.units)

    def get_config(self):
        return {**super().get_config(), "units": self.units}
