import keras
from keras import ops

from psp_keras.layers.equalized_dense import EqualizedDense
from psp_keras.models.compiled_call import compiled
from psp_keras.models.encoder import Encoder


@keras.saving.register_keras_serializable(package="psp_keras")
class EncoderIntoW(Encoder):
    """Predicts one w for all styles from the last feature map (pSp, section 4.1, "encoder into W").

    Args:
        **kwargs: of `Encoder`.

    Input shape: `(N, image_size, image_size, in_channels)`. Output shape: `(N, style_dim)`, float32.

    Example:
        >>> EncoderIntoW(style_dim=64, image_size=64, num_layers=18, width=8)(np.zeros((2, 64, 64, 3))).shape
        (2, 64)
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = EqualizedDense(self.style_dim, dtype="float32", name="dense")

    def build(self, input_shape):
        super().build(input_shape)
        self.dense.build((None, 8 * self.width))

    @compiled
    def call(self, images, training=False):
        features = self.backbone(images, training=training)[-1]
        return self.dense(ops.mean(ops.cast(features, "float32"), axis=(1, 2)))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.style_dim)
