"""What a generator is compared with while it trains."""

import keras
import numpy as np

from psp_keras.batches import map_ahead
from psp_keras.callbacks.generator_quality import GeneratorQuality
from psp_keras.data.image_files import list_images, read_image
from psp_keras.data.mini_faces import MINI_FACES, MiniFaces
from psp_keras.errors import UserError
from psp_keras.models.perceptual_network import PerceptualNetwork


def make_quality(generate, generator, options):
    """The callback that compares a generator with people that are in no training set, or with its folder's pictures.

    Args:
        generate: function of z that draws: the generator, or the average of it.
        generator: `StyleGAN2Generator`.
        options: `GANOptions` or `RendererOptions`.

    Returns:
        `GeneratorQuality`.
    """
    z = keras.random.normal((options.num_quality_samples, generator.style_dim), seed=options.seed + 1)
    network = PerceptualNetwork.from_preset(options.perceptual_network)
    return GeneratorQuality(generate, z, lambda: _real_pictures(options, generator.resolution), network)


def _real_pictures(options, size):
    """Yields as many pictures as there are samples, or all of a smaller folder."""
    if options.data in MINI_FACES:
        faces = MiniFaces(size, options.seed, "test", style=MINI_FACES[options.data])
        return (faces.images([i])[0] for i in range(options.num_quality_samples))
    paths = list_images(options.data)
    chosen = np.random.default_rng(options.seed).permutation(len(paths))[: options.num_quality_samples]
    pictures = map_ahead(lambda index: _read(paths[index], size), chosen)
    return (picture for picture in pictures if picture is not None)


def _read(path, size):
    """The picture, or `None` where it is broken, which the training reports."""
    try:
        return read_image(path, size)
    except UserError:
        return None
