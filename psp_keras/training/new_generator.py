from psp_keras.models.stylegan2_generator import StyleGAN2Generator


def new_generator(options):
    """Builds the `StyleGAN2Generator` that `GeneratorOptions` describe, with random weights."""
    shape = (options.resolution, options.style_dim, options.mapping_layers, options.channel_base, options.channel_max)
    generator = StyleGAN2Generator(*shape, dtype=options.dtype, name="generator")
    generator.build()
    return generator
