import keras
from keras import ops

from psp_keras.layers.equalized_dense import EqualizedDense
from psp_keras.models.compiled_call import compiled
from psp_keras.ops.checks import check_shape


@keras.saving.register_keras_serializable(package="psp_keras")
class MappingNetwork(keras.Model):
    """Maps Gaussian noise z to the intermediate latent w (StyleGAN, section 2). Always float32.

    Args:
        style_dim: size of z and w.
        num_layers: number of dense layers.
        learning_rate_multiplier: of the dense layers.

    Input shape: `(N, style_dim)`. Output shape: `(N, style_dim)`.

    Example:
        >>> MappingNetwork(64, num_layers=2)(np.zeros((3, 64))).shape
        (3, 64)
    """

    def __init__(self, style_dim=512, num_layers=8, learning_rate_multiplier=0.01, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.style_dim = style_dim
        self.num_layers = num_layers
        self.learning_rate_multiplier = learning_rate_multiplier
        self.dense = [
            EqualizedDense(style_dim, learning_rate_multiplier, activate=True, dtype="float32", name=f"dense_{i}")
            for i in range(num_layers)
        ]

    def build(self, input_shape):
        check_shape("z", input_shape, ("N", self.style_dim))
        for layer in self.dense:
            layer.build((None, self.style_dim))

    @compiled
    def call(self, z):
        w = z * ops.rsqrt(ops.mean(ops.square(z), axis=-1, keepdims=True) + 1e-8)
        for layer in self.dense:
            w = layer(w)
        return w

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "style_dim": self.style_dim,
            "num_layers": self.num_layers,
            "learning_rate_multiplier": self.learning_rate_multiplier,
        }
