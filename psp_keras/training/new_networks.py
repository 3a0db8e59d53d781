from psp_keras.models.stylegan2_discriminator import StyleGAN2Discriminator
from psp_keras.models.stylegan2_generator import StyleGAN2Generator


def new_generator(options):
    """Builds the `StyleGAN2Generator` that `GeneratorOptions` describe, with random weights."""
    shape = (options.resolution, options.style_dim, options.mapping_layers, options.channel_base, options.channel_max)
    generator = StyleGAN2Generator(*shape, dtype=options.dtype, name="generator")
    generator.build()
    return generator


def new_discriminator(generator, dtype):
    """Builds a `StyleGAN2Discriminator` of the sizes of a generator, with random weights."""
    channels = {"channel_base": generator.channel_base, "channel_max": generator.channel_max}
    discriminator = StyleGAN2Discriminator(generator.resolution, **channels, dtype=dtype, name="discriminator")
    discriminator.build()
    return discriminator
