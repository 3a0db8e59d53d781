from typing import Any, Self

import keras
from keras import ops

from psp_keras.layers.bilinear_upsample2d import BilinearUpsample2D
from psp_keras.layers.map2style import Map2Style
from psp_keras.layers.symmetric_conv2d import SymmetricConv2D
from psp_keras.models.compiled_call import compiled
from psp_keras.models.encoder import Encoder
from psp_keras.models.generator import Generator
from psp_keras.ops.checks import check_sizes
from psp_keras.typing import Tensor

# Styles below the first index come from the coarsest level, below the second from the middle one (pSp, figure 2).
_COARSE_STYLES, _MIDDLE_STYLES = 3, 7


@keras.saving.register_keras_serializable(package="psp_keras")
class GradualStyleEncoder(Encoder):
    """The pSp encoder: a feature pyramid with one `Map2Style` a style (Richardson et al., section 3, figure 2).

    Args:
        num_styles: number of styles to predict, 18 for a 1024 generator.
        style_filters: channels of the convolutions in `Map2Style`; `style_dim` by default.
        **kwargs: of `Encoder`. The pyramid has `8 * width` channels.

    Input shape: `(N, image_size, image_size, in_channels)`.
    Output shape: `(N, num_styles, style_dim)`, offsets from the average latent, float32.

    Raises:
        UserError: a size is out of its range.
        ValueError: there is no backbone of this depth.

    Example:
        >>> encoder = GradualStyleEncoder(10, style_dim=64, image_size=64, num_layers=18, width=8)
        >>> encoder(np.zeros((2, 64, 64, 3))).shape
        (2, 10, 64)
    """

    def __init__(self, num_styles: int = 18, style_filters: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        check_sizes(num_styles=num_styles, style_filters=style_filters or self.style_dim)
        self.num_styles = num_styles
        self.style_filters = style_filters or self.style_dim
        policy, channels = self.dtype_policy, 8 * self.width
        self.upsamples = [BilinearUpsample2D(dtype=policy, name=f"upsample_{level}") for level in ("middle", "fine")]
        self.laterals = [
            SymmetricConv2D(channels, 1, dtype=policy, name=f"lateral_{level}") for level in ("middle", "fine")
        ]
        self.styles = [
            Map2Style(self.style_dim, self.style_filters, dtype=policy, name=f"style_{i}") for i in range(num_styles)
        ]

    @classmethod
    def for_generator(cls, generator: Generator, style_filters: int | None = None, **options: Any) -> Self:
        options = {"num_styles": generator.num_styles, "style_filters": style_filters, **options}
        return super().for_generator(generator, **options)

    def build(self, input_shape):
        super().build(input_shape)
        fine, middle, coarse = self.backbone.compute_output_shape(input_shape)
        channels = 8 * self.width
        pyramid = [coarse, (*middle[:3], channels), (*fine[:3], channels)]
        for level, lateral in enumerate((middle, fine)):
            self.upsamples[level].build(pyramid[level])
            self.laterals[level].build(lateral)
        for i, style in enumerate(self.styles):
            style.build(pyramid[_level(i)])

    @compiled
    def call(self, images, training=False):
        return ops.stack(self.codes(images, training), axis=1)

    def codes(self, images: Tensor, training: bool = False) -> list[Tensor]:
        """Returns what the network says of each style, `(N, style_dim)`."""
        fine, middle, coarse = self.backbone(images, training=training)
        pyramid = [coarse]
        for upsample, lateral, features in zip(self.upsamples, self.laterals, (middle, fine)):
            pyramid.append(upsample(pyramid[-1]) + lateral(features))
        return [style(pyramid[_level(i)]) for i, style in enumerate(self.styles)]

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_styles, self.style_dim)

    def get_config(self):
        return {**super().get_config(), "num_styles": self.num_styles, "style_filters": self.style_filters}


def _level(style):
    return 0 if style < _COARSE_STYLES else 1 if style < _MIDDLE_STYLES else 2
