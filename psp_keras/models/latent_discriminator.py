from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="psp_keras")
class LatentDiscriminator(keras.Model):
    """Tells latents that a mapping network draws from those that an encoder makes (e4e, section 3.2). Always float32.

    Args:
        style_dim: size of w.
        num_layers: number of dense layers.

    Input shape: `(N, style_dim)`. Output shape: `(N, 1)` logits.

    Example:
        >>> LatentDiscriminator(64)(np.zeros((3, 64))).shape
        (3, 1)
    """

    def __init__(self, style_dim: int = 512, num_layers: int = 4, **kwargs: Any):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.style_dim = style_dim
        self.num_layers = num_layers
        uniform = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")  # PyTorch's, as published
        self.dense = [
            keras.layers.Dense(units, kernel_initializer=uniform.clone(), dtype="float32", name=f"dense_{i}")
            for i, units in enumerate([style_dim] * (num_layers - 1) + [1])
        ]

    def build(self, input_shape=None):
        for layer in self.dense:
            layer.build((None, self.style_dim))
        self.built = True

    def call(self, latents):
        x = self.dense[0](latents)
        for layer in self.dense[1:]:
            x = layer(ops.leaky_relu(x, 0.2))
        return x

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 1)

    def get_config(self):
        return {**super().get_config(), "style_dim": self.style_dim, "num_layers": self.num_layers}
