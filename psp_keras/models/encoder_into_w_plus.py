import keras
from keras import ops

from psp_keras.layers.checks import check_shape
from psp_keras.layers.equalized_dense import EqualizedDense
from psp_keras.layers.ir_backbone import IRBackbone
from psp_keras.layers.ir_block import batch_norm

_POOLED = 7


@keras.saving.register_keras_serializable(package="psp_keras")
class EncoderIntoWPlus(keras.Model):
    """Predicts all styles from the last feature map alone (pSp, section 4.1, "naive W+").

    Args:
        num_styles: number of styles to predict.
        style_dim: size of a style.
        image_size: pixels of the square input.
        in_channels: channels of the input.
        num_layers: depth of the backbone, 18, 34, 50, 100 or 152.
        squeeze_excite: IR-SE instead of IR.
        width: channels of the backbone's first stage.

    Input shape: `(N, image_size, image_size, in_channels)`.
    Output shape: `(N, num_styles, style_dim)`, float32.

    Example:
        >>> EncoderIntoWPlus(10, 64, image_size=64, num_layers=18, width=8)(np.zeros((2, 64, 64, 3))).shape
        (2, 10, 64)
    """

    def __init__(
        self,
        num_styles=18,
        style_dim=512,
        image_size=256,
        in_channels=3,
        num_layers=50,
        squeeze_excite=True,
        width=64,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_styles = num_styles
        self.style_dim = style_dim
        self.image_size = image_size
        self.in_channels = in_channels
        self.num_layers = num_layers
        self.squeeze_excite = squeeze_excite
        self.width = width
        self.backbone = IRBackbone(num_layers, squeeze_excite, width, dtype=self.dtype_policy, name="backbone")
        self.norm = batch_norm(dtype="float32", name="norm")
        self.hidden = keras.layers.Dense(style_dim, dtype="float32", name="hidden")
        self.dense = EqualizedDense(num_styles * style_dim, dtype="float32", name="dense")

    def build(self, input_shape):
        check_shape("images", input_shape, ("N", self.image_size, self.image_size, self.in_channels))
        self.backbone.build(input_shape)
        self.norm.build(self.backbone.compute_output_shape(input_shape)[-1])
        self.hidden.build((None, _POOLED * _POOLED * 8 * self.width))
        self.dense.build((None, self.style_dim))

    def call(self, images, training=False):
        features = self.norm(self.backbone(images, training=training)[-1], training=training)
        pooled = ops.adaptive_average_pool(features, (_POOLED, _POOLED))
        x = self.hidden(ops.reshape(pooled, (-1, _POOLED * _POOLED * 8 * self.width)))
        return ops.reshape(self.dense(x), (-1, self.num_styles, self.style_dim))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_styles, self.style_dim)

    def compute_output_spec(self, images, training=False):
        return keras.KerasTensor(self.compute_output_shape(images.shape), dtype="float32")

    def get_config(self):
        names = ("num_styles", "style_dim", "image_size", "in_channels", "num_layers", "squeeze_excite", "width")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
