import keras
from keras import ops

from psp_keras.ops.checks import check_shape

_EPSILON = 1e-4


@keras.saving.register_keras_serializable(package="psp_keras")
class InvertibleNormalization(keras.layers.Layer):
    """Batch normalisation by stored statistics, with its inverse; the scale is learnt as a logarithm (PointFlow).

    Input shape: `(N, C)`. Output shape: `(N, C)`.

    Example:
        >>> InvertibleNormalization()(np.zeros((2, 8))).shape
        (2, 8)
    """

    def build(self, input_shape):
        check_shape("inputs", input_shape, ("N", "C"))
        shape = (input_shape[-1],)
        self.log_scale = self.add_weight(name="log_scale", shape=shape, initializer="zeros")
        self.offset = self.add_weight(name="offset", shape=shape, initializer="zeros")
        self.moving_mean = self.add_weight(name="moving_mean", shape=shape, initializer="zeros", trainable=False)
        self.moving_variance = self.add_weight(name="moving_variance", shape=shape, initializer="ones", trainable=False)

    def call(self, inputs):
        normal = (inputs - self.moving_mean) * ops.rsqrt(self.moving_variance + _EPSILON)
        return normal * ops.exp(self.log_scale) + self.offset

    def invert(self, outputs):
        """The inputs of outputs `(N, C)`."""
        normal = (outputs - self.offset) * ops.exp(-self.log_scale)
        return normal * ops.sqrt(self.moving_variance + _EPSILON) + self.moving_mean

    def compute_output_shape(self, input_shape):
        return input_shape
