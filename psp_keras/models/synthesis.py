from typing import Any

import keras

from psp_keras.layers.equalized_dense import EqualizedDense
from psp_keras.models.resolutions import channels_at, check_pyramid, num_styles
from psp_keras.ops.checks import check_shape


class Synthesis(keras.Model):
    """What the synthesis networks share: sizes, and which of their parts belongs to which style and resolution.

    Args:
        resolution: size of the image, a power of two from 16 to 1024.
        style_dim: size of a style.
        channel_base: channels at resolution r are `min(channel_base // r, channel_max)`.
        channel_max: see `channel_base`.

    Raises:
        UserError: the resolution is no such power of two, or a size is out of its range.

    Example:
        >>> network = psp_keras.models.SynthesisNetwork(16, style_dim=32, channel_max=16)
        >>> isinstance(network, Synthesis), network.num_styles
        (True, 6)
    """

    def __init__(
        self,
        resolution: int = 1024,
        style_dim: int = 512,
        channel_base: int = 32768,
        channel_max: int = 512,
        **kwargs: Any,
    ):
        super().__init__(**{"autocast": False, **kwargs})
        check_pyramid(resolution, channel_base, channel_max)
        self.resolution = resolution
        self.style_dim = style_dim
        self.channel_base = channel_base
        self.channel_max = channel_max
        self.num_styles = num_styles(resolution)

    def build(self, input_shape):
        check_shape("latents", input_shape, ("N", self.num_styles, self.style_dim))

    def modulations(self) -> list[EqualizedDense]:
        """Returns the layers that turn the styles of convolutions into scales, in the order of the styles."""
        raise NotImplementedError

    def weights_at(self, size: int) -> list[keras.Variable]:
        """Returns the weights that draw at one resolution."""
        raise NotImplementedError

    def _channels(self, size):
        return channels_at(size, self.channel_base, self.channel_max)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.resolution, self.resolution, 3)

    def compute_output_spec(self, latents, randomize_noise=False):
        return keras.KerasTensor(self.compute_output_shape(latents.shape), dtype="float32")

    def get_config(self):
        return {
            **super().get_config(),
            "resolution": self.resolution,
            "style_dim": self.style_dim,
            "channel_base": self.channel_base,
            "channel_max": self.channel_max,
        }
