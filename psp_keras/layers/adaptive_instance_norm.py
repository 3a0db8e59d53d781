import keras
from keras import ops

from psp_keras.layers.equalized_dense import EqualizedDense
from psp_keras.ops.checks import check_shape


@keras.saving.register_keras_serializable(package="psp_keras")
class AdaptiveInstanceNorm(keras.layers.Layer):
    """AdaIN: gives every channel of an image the mean and the deviation that a style asks for (StyleGAN, section 2).

    Computed in float32 under every dtype policy.

    Input shape: features `(N, H, W, C)` and styles `(N, style_dim)`. Output shape: that of the features.

    Example:
        >>> AdaptiveInstanceNorm()(np.zeros((2, 8, 8, 6)), np.zeros((2, 16))).shape
        (2, 8, 8, 6)
    """

    def __init__(self, **kwargs):
        super().__init__(**{"autocast": False, **kwargs})

    def build(self, features_shape, styles_shape):
        check_shape("features", features_shape, ("N", "H", "W", "C"))
        check_shape("styles", styles_shape, ("N", "style_dim"))
        self.modulation = EqualizedDense(2 * features_shape[-1], dtype="float32", name="modulation")
        self.modulation.build(styles_shape)

    def call(self, features, styles):
        scale, shift = (part[:, None, None] for part in ops.split(self.modulation(styles), 2, axis=-1))
        x = ops.cast(features, "float32")
        x = x - ops.mean(x, axis=(1, 2), keepdims=True)
        inverse = ops.rsqrt(ops.mean(ops.square(x), axis=(1, 2), keepdims=True) + 1e-8)
        return ops.cast(x * (inverse * (1.0 + scale)) + shift, self.compute_dtype)

    def compute_output_shape(self, features_shape, styles_shape):
        return features_shape
