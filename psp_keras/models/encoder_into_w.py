import keras
from keras import ops

from psp_keras.layers.checks import check_shape
from psp_keras.layers.equalized_dense import EqualizedDense
from psp_keras.layers.ir_backbone import IRBackbone


@keras.saving.register_keras_serializable(package="psp_keras")
class EncoderIntoW(keras.Model):
    """Predicts one w for all styles from the last feature map (pSp, section 4.1, "encoder into W").

    Args:
        style_dim: size of a style.
        image_size: pixels of the square input.
        in_channels: channels of the input.
        num_layers: depth of the backbone, 18, 34, 50, 100 or 152.
        squeeze_excite: IR-SE instead of IR.
        width: channels of the backbone's first stage.

    Input shape: `(N, image_size, image_size, in_channels)`. Output shape: `(N, style_dim)`, float32.

    Example:
        >>> EncoderIntoW(64, image_size=64, num_layers=18, width=8)(np.zeros((2, 64, 64, 3))).shape
        (2, 64)
    """

    def __init__(
        self,
        style_dim=512,
        image_size=256,
        in_channels=3,
        num_layers=50,
        squeeze_excite=True,
        width=64,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.style_dim = style_dim
        self.image_size = image_size
        self.in_channels = in_channels
        self.num_layers = num_layers
        self.squeeze_excite = squeeze_excite
        self.width = width
        self.backbone = IRBackbone(num_layers, squeeze_excite, width, dtype=self.dtype_policy, name="backbone")
        self.dense = EqualizedDense(style_dim, dtype="float32", name="dense")

    def build(self, input_shape):
        check_shape("images", input_shape, ("N", self.image_size, self.image_size, self.in_channels))
        self.backbone.build(input_shape)
        self.dense.build((None, 8 * self.width))

    def call(self, images, training=False):
        features = self.backbone(images, training=training)[-1]
        return self.dense(ops.mean(ops.cast(features, "float32"), axis=(1, 2)))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.style_dim)

    def compute_output_spec(self, images, training=False):
        return keras.KerasTensor(self.compute_output_shape(images.shape), dtype="float32")

    def get_config(self):
        names = ("style_dim", "image_size", "in_channels", "num_layers", "squeeze_excite", "width")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
