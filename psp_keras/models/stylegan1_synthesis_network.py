from typing import Any

import keras
from keras import ops

from psp_keras.layers.adain_block import AdaINBlock
from psp_keras.layers.equalized_conv2d import EqualizedConv2D
from psp_keras.layers.equalized_dense import EqualizedDense
from psp_keras.models.compiled_call import compiled
from psp_keras.models.resolutions import pyramid
from psp_keras.models.synthesis import Synthesis


@keras.saving.register_keras_serializable(package="psp_keras")
class StyleGAN1SynthesisNetwork(Synthesis):
    """Draws an image from one style per layer, with AdaIN (StyleGAN, figure 1b).

    Style inputs in order: the learned constant, the convolution at 4 pixels, then per resolution the up-convolution
    and the convolution. The last one alone becomes RGB: outputs at smaller sizes are of the progressive training.

    Args:
        resolution: size of the image, a power of two from 16 to 1024.
        style_dim: size of a style.
        channel_base: channels at resolution r are `min(channel_base // r, channel_max)`.
        channel_max: see `channel_base`. The defaults are those of the paper.

    Input shape: `(N, num_styles, style_dim)`. Output shape: `(N, resolution, resolution, 3)`, about [-1, 1], float32.

    Raises:
        UserError: the resolution is no such power of two, or a size is out of its range.

    Example:
        >>> StyleGAN1SynthesisNetwork(16, style_dim=32, channel_max=16)(np.zeros((1, 6, 32))).shape
        (1, 16, 16, 3)
    """

    def __init__(
        self,
        resolution: int = 1024,
        style_dim: int = 512,
        channel_base: int = 16384,
        channel_max: int = 512,
        **kwargs: Any,
    ):
        super().__init__(resolution, style_dim, channel_base, channel_max, **kwargs)
        policy, self.blocks = self.dtype_policy, []
        for size in pyramid(resolution):
            filters, grows = self._channels(size), size > 4
            name = f"up_conv_{size}" if grows else "start"
            self.blocks.append(AdaINBlock(filters, up=grows, convolve=grows, dtype=policy, name=name))
            self.blocks.append(AdaINBlock(filters, dtype=policy, name=f"conv_{size}"))
        self.to_rgb = EqualizedConv2D(3, 1, activate=False, dtype=policy, name="to_rgb")

    def build(self, input_shape):
        super().build(input_shape)
        features, style = (None, 4, 4, self._channels(4)), (None, self.style_dim)
        self.constant = self.add_weight(name="constant", shape=features[1:], initializer="ones", autocast=False)
        for block in self.blocks:
            block.build(features, style)
            features = block.compute_output_shape(features, style)
        self.to_rgb.build(features)
        self.bias = self.add_weight(name="bias", shape=(3,), initializer="zeros", autocast=False)

    @compiled
    def call(self, latents, randomize_noise=False):
        styles = ops.unstack(ops.cast(latents, "float32"), self.num_styles, axis=1)
        x = ops.broadcast_to(self.constant, (ops.shape(latents)[0], *self.constant.shape))
        for block, style in zip(self.blocks, styles):
            x = block(x, style, randomize_noise=randomize_noise)
        return ops.cast(self.to_rgb(x), "float32") + ops.cast(self.bias, "float32")

    def modulations(self) -> list[EqualizedDense]:
        return [block.norm.modulation for block in self.blocks]

    def weights_at(self, size: int) -> list[keras.Variable]:
        first = 2 * pyramid(self.resolution).index(size)
        weights = [weight for block in self.blocks[first : first + 2] for weight in block.weights]
        weights += [self.constant] if size == 4 else []
        return weights + ([*self.to_rgb.weights, self.bias] if size == self.resolution else [])
