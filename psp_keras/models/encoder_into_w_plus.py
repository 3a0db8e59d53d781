from typing import Any, Self

import keras
from keras import ops

from psp_keras.layers.batch_normalization import BatchNormalization
from psp_keras.layers.equalized_dense import EqualizedDense
from psp_keras.models.compiled_call import compiled
from psp_keras.models.encoder import Encoder
from psp_keras.models.generator import Generator
from psp_keras.ops.checks import check_sizes

_POOLED = 7


@keras.saving.register_keras_serializable(package="psp_keras")
class EncoderIntoWPlus(Encoder):
    """Predicts all styles from the last feature map alone (pSp, section 4.1, "naive W+").

    Args:
        num_styles: number of styles to predict, 18 for a 1024 generator.
        **kwargs: of `Encoder`.

    Input shape: `(N, image_size, image_size, in_channels)`.
    Output shape: `(N, num_styles, style_dim)`, float32.

    Raises:
        UserError: a size is out of its range.
        ValueError: there is no backbone of this depth.

    Example:
        >>> encoder = EncoderIntoWPlus(10, style_dim=64, image_size=64, num_layers=18, width=8)
        >>> encoder(np.zeros((2, 64, 64, 3))).shape
        (2, 10, 64)
    """

    def __init__(self, num_styles: int = 18, **kwargs: Any):
        super().__init__(**kwargs)
        check_sizes(num_styles=num_styles)
        self.num_styles = num_styles
        self.norm = BatchNormalization(dtype="float32", name="norm")
        self.hidden = keras.layers.Dense(self.style_dim, dtype="float32", name="hidden")
        self.dense = EqualizedDense(num_styles * self.style_dim, dtype="float32", name="dense")

    @classmethod
    def for_generator(cls, generator: Generator, **options: Any) -> Self:
        return super().for_generator(generator, num_styles=generator.num_styles, **options)

    def build(self, input_shape):
        super().build(input_shape)
        self.norm.build(self.backbone.compute_output_shape(input_shape)[-1])
        self.hidden.build((None, _POOLED * _POOLED * 8 * self.width))
        self.dense.build((None, self.style_dim))

    @compiled
    def call(self, images, training=False):
        features = self.norm(self.backbone(images, training=training)[-1], training=training)
        pooled = ops.adaptive_average_pool(features, (_POOLED, _POOLED))
        x = self.hidden(ops.reshape(pooled, (-1, _POOLED * _POOLED * 8 * self.width)))
        return ops.reshape(self.dense(x), (-1, self.num_styles, self.style_dim))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_styles, self.style_dim)

    def get_config(self):
        return {**super().get_config(), "num_styles": self.num_styles}
