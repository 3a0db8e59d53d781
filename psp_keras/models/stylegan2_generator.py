import keras

from psp_keras.models.generator import Generator
from psp_keras.models.synthesis_network import SynthesisNetwork


@keras.saving.register_keras_serializable(package="psp_keras")
class StyleGAN2Generator(Generator):
    """StyleGAN2 generator: mapping and synthesis network (Karras et al., CVPR 2020).

    `generator(z)` is `generator.synthesize(generator.map(z))`.

    Args:
        resolution: size of the images, a power of two from 16 to 1024.
        style_dim: size of z, w and each style.
        num_mapping_layers: dense layers in the mapping network.
        channel_base: channels at resolution r are `min(channel_base // r, channel_max)`.
        channel_max: see `channel_base`. The defaults are config-f.

    Input shape: `(N, style_dim)`, Gaussian noise z.
    Output shape: `(N, resolution, resolution, 3)`, float32, about [-1, 1].

    Raises:
        UserError: the resolution is no such power of two, or a size is out of its range.

    Example:
        >>> generator = StyleGAN2Generator(resolution=16, style_dim=32, channel_max=16)
        >>> generator(np.random.randn(2, 32)).shape
        (2, 16, 16, 3)
    """

    synthesis_network = SynthesisNetwork
