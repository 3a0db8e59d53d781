import keras
from keras import ops

from psp_keras.layers.bilinear_upsample2d import BilinearUpsample2D
from psp_keras.layers.checks import check_shape
from psp_keras.layers.ir_backbone import IRBackbone
from psp_keras.layers.map2style import Map2Style
from psp_keras.layers.symmetric_conv2d import SymmetricConv2D

# Styles below the first index come from the coarsest level, below the second from the middle one (pSp, figure 2).
_COARSE_STYLES, _MIDDLE_STYLES = 3, 7


@keras.saving.register_keras_serializable(package="psp_keras")
class GradualStyleEncoder(keras.Model):
    """The pSp encoder: a feature pyramid with one `Map2Style` a style (Richardson et al., section 3, figure 2).

    Args:
        num_styles: number of styles to predict, 18 for a 1024 generator.
        style_dim: size of a style.
        image_size: pixels of the square input.
        in_channels: 3 for RGB, 1 for sketches, the number of classes for segmentation maps.
        num_layers: depth of the backbone, 18, 34, 50, 100 or 152.
        squeeze_excite: IR-SE instead of IR.
        width: channels of the backbone's first stage; the pyramid has `8 * width`.
        style_filters: channels of the convolutions in `Map2Style`; `style_dim` by default.

    Input shape: `(N, image_size, image_size, in_channels)`.
    Output shape: `(N, num_styles, style_dim)`, offsets from the average latent, float32.

    Example:
        >>> encoder = GradualStyleEncoder(10, style_dim=64, image_size=64, num_layers=18, width=8)
        >>> encoder(np.zeros((2, 64, 64, 3))).shape
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
        style_filters=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if image_size % 16 or image_size & (image_size - 1):
            raise ValueError(f"`image_size` must be a power of two from 32, got {image_size}.")
        self.num_styles = num_styles
        self.style_dim = style_dim
        self.image_size = image_size
        self.in_channels = in_channels
        self.num_layers = num_layers
        self.squeeze_excite = squeeze_excite
        self.width = width
        self.style_filters = style_filters or style_dim
        policy = self.dtype_policy
        self.backbone = IRBackbone(num_layers, squeeze_excite, width, dtype=policy, name="backbone")
        self.upsamples = [BilinearUpsample2D(dtype=policy, name=f"upsample_{name}") for name in ("middle", "fine")]
        self.laterals = [SymmetricConv2D(8 * width, 1, dtype=policy, name=f"lateral_{n}") for n in ("middle", "fine")]
        self.styles = [
            Map2Style(style_dim, self.style_filters, dtype=policy, name=f"style_{i}") for i in range(num_styles)
        ]

    def build(self, input_shape):
        check_shape("images", input_shape, ("N", self.image_size, self.image_size, self.in_channels))
        self.backbone.build(input_shape)
        fine, middle, coarse = self.backbone.compute_output_shape(input_shape)
        channels = 8 * self.width
        pyramid = [coarse, (*middle[:3], channels), (*fine[:3], channels)]
        for level, lateral in enumerate((middle, fine)):
            self.upsamples[level].build(pyramid[level])
            self.laterals[level].build(lateral)
        for i, style in enumerate(self.styles):
            style.build(pyramid[_level(i)])

    def call(self, images, training=False):
        fine, middle, coarse = self.backbone(images, training=training)
        pyramid = [coarse]
        for upsample, lateral, features in zip(self.upsamples, self.laterals, (middle, fine)):
            pyramid.append(upsample(pyramid[-1]) + lateral(features))
        return ops.stack([style(pyramid[_level(i)]) for i, style in enumerate(self.styles)], axis=1)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_styles, self.style_dim)

    def compute_output_spec(self, images, training=False):
        return keras.KerasTensor(self.compute_output_shape(images.shape), dtype="float32")

    def get_config(self):
        names = ("num_styles", "style_dim", "image_size", "in_channels", "num_layers", "squeeze_excite", "width")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
            "style_filters": self.style_filters,
        }


def _level(style):
    return 0 if style < _COARSE_STYLES else 1 if style < _MIDDLE_STYLES else 2
