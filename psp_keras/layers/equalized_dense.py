import math

import keras
from keras import ops

from psp_keras.ops.activations import scaled_leaky_relu
from psp_keras.ops.checks import check_shape


@keras.saving.register_keras_serializable(package="psp_keras")
class EqualizedDense(keras.layers.Layer):
    """Dense layer with an equalized learning rate (Progressive GAN, section 4.1).

    The kernel is stored with unit variance and scaled by `learning_rate_multiplier / sqrt(fan_in)` at run time,
    so that an optimizer with per-weight step sizes treats all layers alike.

    Args:
        units: size of the output.
        learning_rate_multiplier: 0.01 in the mapping network, 1 elsewhere.
        bias_initial: value of the bias before training; 1 for style modulation.
        activate: whether `scaled_leaky_relu` follows.

    Input shape: `(N, in)`. Output shape: `(N, units)`.

    Example:
        >>> EqualizedDense(10)(np.zeros((2, 16))).shape
        (2, 10)
    """

    def __init__(self, units, learning_rate_multiplier=1.0, bias_initial=0.0, activate=False, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.learning_rate_multiplier = learning_rate_multiplier
        self.bias_initial = bias_initial
        self.activate = activate

    def build(self, input_shape):
        check_shape("inputs", input_shape, ("N", "in"))
        fan_in = input_shape[-1]
        self.scale = self.learning_rate_multiplier / math.sqrt(fan_in)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(fan_in, self.units),
            initializer=keras.initializers.RandomNormal(stddev=1.0 / self.learning_rate_multiplier),
        )
        self.bias = self.add_weight(
            name="bias", shape=(self.units,), initializer=keras.initializers.Constant(self.bias_initial)
        )

    def call(self, inputs):
        x = ops.matmul(inputs, self.kernel * self.scale) + self.bias * self.learning_rate_multiplier
        return scaled_leaky_relu(x) if self.activate else x

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.units)

    def get_config(self):
        return {
            **super().get_config(),
            "units": self.units,
            "learning_rate_multiplier": self.learning_rate_multiplier,
            "bias_initial": self.bias_initial,
            "activate": self.activate,
        }
