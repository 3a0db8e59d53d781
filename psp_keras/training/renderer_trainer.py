from typing import Any

import keras
from keras import ops

from psp_keras.models.stylegan2_generator import StyleGAN2Generator


class RendererTrainer(keras.Model):
    """Trains the synthesis of a generator with `fit` where the w of every picture is known.

    There is no discriminator: a picture is compared with the one that belongs to its w. The mapping network does not
    learn.

    Args:
        generator: `StyleGAN2Generator`, built.

    `fit` takes batches of w `(N, style_dim)` and of their images `(N, resolution, resolution, 3)` in [-1, 1].
    """

    def __init__(self, generator: StyleGAN2Generator, **kwargs: Any):
        super().__init__(**kwargs)
        self.generator = generator
        generator.mapping.trainable = False
        self.built = True

    def call(self, w, training=False):
        latents = ops.repeat(w[:, None], self.generator.num_styles, axis=1)
        return self.generator.synthesize(latents, randomize_noise=training)
