from typing import Any

import keras
from keras import ops

from psp_keras.layers.equalized_dense import EqualizedDense
from psp_keras.layers.modulated_conv2d import modulate
from psp_keras.layers.styled_conv2d import StyledConv2D
from psp_keras.layers.to_rgb import ToRGB
from psp_keras.models.compiled_call import compiled
from psp_keras.models.resolutions import pyramid
from psp_keras.models.synthesis import Synthesis


@keras.saving.register_keras_serializable(package="psp_keras")
class SynthesisNetwork(Synthesis):
    """Draws an image from one style per layer, with skip outputs (StyleGAN2, figure 7b).

    Style inputs in order: the first convolution, the first RGB output, then per resolution the up-convolution and
    the convolution; the RGB output of a resolution shares the style of the next resolution's up-convolution.

    Args:
        resolution: size of the image, a power of two from 16 to 1024.
        style_dim: size of a style.
        channel_base: channels at resolution r are `min(channel_base // r, channel_max)`.
        channel_max: see `channel_base`. The defaults are config-f.

    Input shape: `(N, num_styles, style_dim)`. Output shape: `(N, resolution, resolution, 3)`, about [-1, 1], float32.

    Raises:
        UserError: the resolution is no such power of two, or a size is out of its range.

    Example:
        >>> SynthesisNetwork(16, style_dim=32, channel_max=16)(np.zeros((1, 6, 32))).shape
        (1, 16, 16, 3)
    """

    def __init__(
        self,
        resolution: int = 1024,
        style_dim: int = 512,
        channel_base: int = 32768,
        channel_max: int = 512,
        **kwargs: Any,
    ):
        super().__init__(resolution, style_dim, channel_base, channel_max, **kwargs)
        self.up_convs, self.convs, self.to_rgbs = [], [], []
        for size in pyramid(resolution):
            filters = self._channels(size)
            if size > 4:
                self.up_convs.append(StyledConv2D(filters, up=True, dtype=self.dtype_policy, name=f"up_conv_{size}"))
            self.convs.append(StyledConv2D(filters, dtype=self.dtype_policy, name=f"conv_{size}"))
            self.to_rgbs.append(ToRGB(dtype=self.dtype_policy, name=f"to_rgb_{size}"))

    def build(self, input_shape):
        super().build(input_shape)
        style = (None, self.style_dim)
        self.constant = self.add_weight(
            name="constant",
            shape=(4, 4, self._channels(4)),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            autocast=False,
        )
        for level, size in enumerate(pyramid(self.resolution)):
            features = (None, size, size, self._channels(size))
            if size > 4:
                self.up_convs[level - 1].build((None, size // 2, size // 2, self._channels(size // 2)), style)
            self.convs[level].build(features, style)
            self.to_rgbs[level].build(features, style)

    @compiled
    def call(self, latents, randomize_noise=False):
        styles = ops.unstack(ops.cast(latents, "float32"), self.num_styles, axis=1)
        # A convolution hands its output on as the next one wants it, modulated, which spares passes over memory.
        scales = [layer.conv.scales(style) for layer, style in zip(self.convs, styles[0::2])]
        up_scales = [layer.conv.scales(style) for layer, style in zip(self.up_convs, styles[1::2])]
        x = ops.broadcast_to(self.constant, (ops.shape(latents)[0], *self.constant.shape))
        x, image = modulate(ops.cast(x, self.compute_dtype), scales[0]), None
        for level, (conv, to_rgb) in enumerate(zip(self.convs, self.to_rgbs)):
            if level > 0:
                up_conv, gains = self.up_convs[level - 1], [scales[level]]
                (x,) = up_conv.call_modulated(x, up_scales[level - 1], gains, randomize_noise)
            gains = [ops.ones((1, conv.filters)), *up_scales[level : level + 1]]
            features, *x = conv.call_modulated(x, scales[level], gains, randomize_noise)
            x = x[0] if x else None
            image = to_rgb(features, styles[2 * level + 1], image)
        return image

    def modulations(self) -> list[EqualizedDense]:
        first, *convs = self.convs  # the last style alone only colours
        pairs = zip(self.up_convs, convs)
        return [layer.conv.modulation for layer in (first, *(layer for pair in pairs for layer in pair))]

    def weights_at(self, size: int) -> list[keras.Variable]:
        level = pyramid(self.resolution).index(size)
        layers = [self.convs[level], self.to_rgbs[level], *self.up_convs[max(level - 1, 0) : level]]
        weights = [weight for layer in layers for weight in layer.weights]
        return weights + ([self.constant] if size == 4 else [])
