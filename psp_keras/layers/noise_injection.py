import keras
from keras import ops

from psp_keras.ops.checks import check_shape


@keras.saving.register_keras_serializable(package="psp_keras")
class NoiseInjection(keras.layers.Layer):
    """Adds one noise image, scaled by a learned strength, to every channel (StyleGAN, section 3.2).

    StyleGAN learns a strength for each channel, StyleGAN2 one for all.

    The layer holds a fixed noise image, used unless `randomize` asks for a fresh one per sample.

    Args:
        seed: seed of the random noise.
        per_channel: whether every channel has a strength of its own.

    Input shape: `(N, H, W, C)`, H and W known. Output shape: the same.

    Example:
        >>> NoiseInjection()(np.zeros((2, 8, 8, 4)), randomize=True).shape
        (2, 8, 8, 4)
    """

    def __init__(self, seed=None, per_channel=False, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.per_channel = per_channel
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape):
        check_shape("inputs", input_shape, ("N", "H", "W", "C"))
        shape = input_shape[-1:] if self.per_channel else ()
        self.strength = self.add_weight(name="strength", shape=shape, initializer="zeros")
        self.noise = self.add_weight(
            name="noise",
            shape=(*input_shape[1:3], 1),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            trainable=False,
        )

    def call(self, inputs, randomize=False):
        return inputs + self.scaled_noise(ops.shape(inputs)[0], randomize)

    def scaled_noise(self, batch, randomize=False):
        """Returns what is added, `(1 or batch, H, W, 1)`, or for each channel."""
        noise = self.noise[None]
        if randomize:
            shape = (batch, *self.noise.shape)
            noise = keras.random.normal(shape, dtype=self.compute_dtype, seed=self.seed_generator)
        return noise * self.strength

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "seed": self.seed, "per_channel": self.per_channel}
