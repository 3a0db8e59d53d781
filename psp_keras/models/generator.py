from typing import Any

import keras
from keras import ops

from psp_keras.models.mapping_network import MappingNetwork
from psp_keras.models.preset import PresetModel
from psp_keras.models.resolutions import check_pyramid, num_styles
from psp_keras.models.synthesis import Synthesis
from psp_keras.ops.checks import check_shape, check_sizes
from psp_keras.typing import Tensor


class Generator(PresetModel):
    """What the generators share: a mapping network from noise to styles, and a synthesis network that draws them.

    `generator(z)` is `generator.synthesize(generator.map(z))`.

    Args:
        resolution: size of the images, a power of two from 16 to 1024.
        style_dim: size of z, w and each style.
        num_mapping_layers: dense layers in the mapping network.
        channel_base: channels at resolution r are `min(channel_base // r, channel_max)`.
        channel_max: see `channel_base`.

    Attributes:
        synthesis_network: class of the synthesis network.

    Raises:
        UserError: the resolution is no such power of two, or a size is out of its range.

    Example:
        >>> generator = Generator.from_preset("mini_faces_stylegan2")  # of any kind
        >>> generator.num_styles, generator.style_dim, generator.resolution
        (10, 128, 64)
    """

    synthesis_network: type[Synthesis]

    def __init__(
        self,
        resolution: int = 1024,
        style_dim: int = 512,
        num_mapping_layers: int = 8,
        channel_base: int = 32768,
        channel_max: int = 512,
        **kwargs: Any,
    ):
        super().__init__(**{"autocast": False, **kwargs})
        check_pyramid(resolution, channel_base, channel_max)
        check_sizes(style_dim=style_dim, num_mapping_layers=num_mapping_layers)
        self.resolution = resolution
        self.style_dim = style_dim
        self.num_mapping_layers = num_mapping_layers
        self.channel_base = channel_base
        self.channel_max = channel_max
        self.num_styles = num_styles(resolution)
        self.mapping = MappingNetwork(style_dim, num_mapping_layers, name="mapping")
        self.synthesis = self.synthesis_network(
            resolution, style_dim, channel_base, channel_max, dtype=self.dtype_policy, name="synthesis"
        )

    def build(self, input_shape=None):
        if input_shape is not None:
            check_shape("z", input_shape, ("N", self.style_dim))
        self.mapping.build((None, self.style_dim))
        self.synthesis.build((None, self.num_styles, self.style_dim))
        self.latent_average = self.add_weight(  # in float32, as all latents are
            name="latent_average",
            shape=(self.style_dim,),
            initializer="zeros",
            trainable=False,
            dtype="float32",
            autocast=False,
        )
        self.built = True

    def call(self, z, truncation=1.0, randomize_noise=False):
        return self.synthesize(self.map(z, truncation), randomize_noise=randomize_noise)

    def map(self, z: Tensor, truncation: float | Tensor = 1.0) -> Tensor:
        """Maps noise to one style per synthesis layer.

        Args:
            z: `(N, style_dim)` Gaussian noise.
            truncation: 1 keeps w, 0 gives the average latent (StyleGAN, appendix B).

        Returns:
            w_plus, `(N, num_styles, style_dim)`.

        Raises:
            ValueError: `z` is not of this shape.
        """
        check_shape("z", z.shape, ("N", self.style_dim))
        w = self.mapping(z)
        if not (isinstance(truncation, (int, float)) and truncation == 1):
            w = self.latent_average + truncation * (w - self.latent_average)
        return ops.repeat(w[:, None, :], self.num_styles, axis=1)

    def synthesize(self, latents: Tensor, randomize_noise: bool = False) -> Tensor:
        """Draws images from w_plus latents `(N, num_styles, style_dim)`."""
        return self.synthesis(latents, randomize_noise=randomize_noise)

    def style_mix(self, latents: Tensor, other: Tensor, index: int) -> Tensor:
        """Takes styles below `index` from `latents` and the rest from `other` (StyleGAN, section 3.1)."""
        return ops.concatenate([latents[:, :index], other[:, index:]], axis=1)

    def estimate_latent_average(self, num_samples: int = 4096, seed: int = 0) -> None:
        """Sets `latent_average` to the mean w of `num_samples` random z."""
        z = keras.random.normal((num_samples, self.style_dim), seed=seed)
        self.latent_average.assign(ops.mean(self.mapping(z), axis=0))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.resolution, self.resolution, 3)

    def compute_output_spec(self, z, truncation=1.0, randomize_noise=False):
        return keras.KerasTensor(self.compute_output_shape(z.shape), dtype="float32")

    def get_config(self):
        return {
            **super().get_config(),
            "resolution": self.resolution,
            "style_dim": self.style_dim,
            "num_mapping_layers": self.num_mapping_layers,
            "channel_base": self.channel_base,
            "channel_max": self.channel_max,
        }
