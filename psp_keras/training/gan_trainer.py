from typing import Any

import keras
import tensorflow as tf
from keras import ops

from psp_keras.layers.adaptive_augmentation import AdaptiveAugmentation
from psp_keras.models.stylegan2_discriminator import StyleGAN2Discriminator
from psp_keras.models.stylegan2_generator import StyleGAN2Generator


class GANTrainer(keras.Model):
    """Trains a StyleGAN2 generator with `fit` (StyleGAN2, sections 2 to 4; TensorFlow backend).

    Non-saturating logistic loss, lazy R1 and path-length regularisation, style mixing, and an exponential moving
    average of the generator, which is the one to keep.

    Args:
        generator: `StyleGAN2Generator`, built.
        discriminator: `StyleGAN2Discriminator`, built, of the same resolution.
        r1_gamma: weight of the gradient penalty on real images.
        r1_interval: steps between two R1 steps.
        path_length_weight: weight of the path-length penalty; 0 leaves it out.
        path_length_interval: steps between two path-length steps.
        style_mixing_probability: how often a sample takes its later styles from a second z.
        ema_images: half-life of the moving average, in images.
        ema_ramp_up: whether the half-life is short at first, for a generator that knows nothing yet.
        augmentation: `AdaptiveAugmentation`, built, of what the discriminator sees; nothing is augmented without it.
        seed: of z, mixing and the path-length noise.

    `fit` takes batches of real images `(N, resolution, resolution, 3)`, float32, [-1, 1].
    """

    def __init__(
        self,
        generator: StyleGAN2Generator,
        discriminator: StyleGAN2Discriminator,
        r1_gamma: float = 0.05,
        r1_interval: int = 16,
        path_length_weight: float = 2.0,
        path_length_interval: int = 8,
        style_mixing_probability: float = 0.9,
        ema_images: float = 5000,
        ema_ramp_up: bool = True,
        augmentation: AdaptiveAugmentation | None = None,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.generator = generator
        self.discriminator = discriminator
        self.averaged_generator = type(generator).from_config(generator.get_config())
        self.averaged_generator.build()
        self.averaged_generator.trainable = False
        self.averaged_generator.set_weights(generator.get_weights())
        self.r1_gamma = r1_gamma
        self.r1_interval = r1_interval
        self.path_length_weight = path_length_weight
        self.path_length_interval = path_length_interval
        self.style_mixing_probability = style_mixing_probability
        self.ema_images = ema_images
        self.ema_ramp_up = ema_ramp_up
        self.augmentation = augmentation
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.path_length_mean = self.add_weight(name="path_length_mean", initializer="zeros", trainable=False)
        names = ("generator_loss", "discriminator_loss", "real_score", "fake_score", "r1", "path_length")
        if augmentation is not None:
            names += ("augmentation_probability", "real_sign")
        self.trackers = {name: keras.metrics.Mean(name=name) for name in names}
        self.built = True

    def compile(self, learning_rate: float = 0.002, **kwargs: Any) -> None:
        """Sets up the two Adam optimizers (beta_1 0, beta_2 0.99, shortened for lazy regularisation)."""
        super().compile(**kwargs)
        self.generator_optimizer = _lazy_adam(learning_rate, self.path_length_interval)
        self.discriminator_optimizer = _lazy_adam(learning_rate, self.r1_interval)
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)

    @property
    def optimizers(self) -> list[keras.optimizers.Optimizer]:
        return [self.generator_optimizer, self.discriminator_optimizer]

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self.trackers.values())

    def call(self, z):
        return self.averaged_generator(z)

    def train_step(self, real):
        step = self.discriminator_optimizer.iterations
        regularise_d = ops.equal(self._round(step, self.r1_interval), 0)
        self._train_discriminator(real)
        tf.cond(regularise_d, lambda: self._regularise_discriminator(real), lambda: None)
        rounds = self.generator_optimizer.iterations
        regularise_g = ops.equal(self._round(rounds, self.path_length_interval), 0)
        self._train_generator(ops.shape(real)[0])
        if self.path_length_weight:
            half = ops.maximum(ops.shape(real)[0] // 2, 1)
            tf.cond(regularise_g, lambda: self._regularise_generator(half), lambda: None)
        self._update_average(ops.shape(real)[0])
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    @staticmethod
    def _round(iterations, interval):
        # A regularisation step counts as an iteration of its own: interval + 1 iterations make one round.
        return iterations % (interval + 1)

    def _train_discriminator(self, real):
        fake = self._generate(ops.shape(real)[0])
        with tf.GradientTape() as tape:
            real_score, fake_score = self._discriminate(real), self._discriminate(fake)
            loss = ops.mean(ops.softplus(-real_score)) + ops.mean(ops.softplus(fake_score))
        self._apply(tape, loss, self.discriminator, self.discriminator_optimizer)
        self._adapt(real_score)
        self._track(discriminator_loss=loss, real_score=ops.mean(real_score), fake_score=ops.mean(fake_score))

    def _discriminate(self, images):
        return self.discriminator(images if self.augmentation is None else self.augmentation(images))

    def _adapt(self, real_score):
        if self.augmentation is not None:
            self.augmentation.adapt(real_score)
            self._track(
                augmentation_probability=self.augmentation.probability, real_sign=ops.mean(ops.sign(real_score))
            )

    def _regularise_discriminator(self, real):
        with tf.GradientTape() as tape:
            with tf.GradientTape() as image_tape:
                image_tape.watch(real)
                score = ops.sum(self._discriminate(real))
            penalty = ops.mean(ops.sum(ops.square(image_tape.gradient(score, real)), axis=(1, 2, 3)))
            loss = penalty * (0.5 * self.r1_gamma * self.r1_interval)
        self._apply(tape, loss, self.discriminator, self.discriminator_optimizer)
        self._track(r1=penalty)

    def _train_generator(self, batch):
        with tf.GradientTape() as tape:
            loss = ops.mean(ops.softplus(-self._discriminate(self._generate(batch))))
        self._apply(tape, loss, self.generator, self.generator_optimizer)
        self._track(generator_loss=loss)

    def _regularise_generator(self, batch):
        with tf.GradientTape() as tape:
            latents = self._mixed_latents(batch)
            with tf.GradientTape() as latent_tape:
                latent_tape.watch(latents)
                images = self.generator.synthesize(latents, randomize_noise=True)
                noise = keras.random.normal(ops.shape(images), seed=self.seed_generator)
                projection = ops.sum(images * noise) / self.generator.resolution
            jacobian = latent_tape.gradient(projection, latents)
            lengths = ops.sqrt(ops.mean(ops.sum(ops.square(jacobian), axis=2), axis=1))
            target = self.path_length_mean + 0.01 * (ops.mean(lengths) - self.path_length_mean)
            penalty = ops.mean(ops.square(lengths - ops.stop_gradient(target)))
            loss = penalty * (self.path_length_weight * self.path_length_interval)
        self.path_length_mean.assign(target)
        self._apply(tape, loss, self.generator, self.generator_optimizer)
        self._track(path_length=ops.mean(lengths))

    def _generate(self, batch):
        return self.generator.synthesize(self._mixed_latents(batch), randomize_noise=True)

    def _mixed_latents(self, batch):
        """w_plus `(batch, num_styles, style_dim)`; styles from a random index on come from a second z."""
        generator = self.generator
        z = keras.random.normal((2 * batch, generator.style_dim), seed=self.seed_generator)
        first, second = ops.split(generator.map(z), 2, axis=0)
        cut = keras.random.randint((batch, 1), 1, generator.num_styles, seed=self.seed_generator)
        mixes = keras.random.uniform((batch, 1), seed=self.seed_generator) < self.style_mixing_probability
        keep = ops.logical_or(ops.arange(generator.num_styles)[None, :] < cut, ops.logical_not(mixes))
        return ops.where(keep[:, :, None], first, second)

    def _update_average(self, batch):
        half_life = float(self.ema_images)
        if self.ema_ramp_up:
            images = ops.cast(self.generator_optimizer.iterations * batch, "float32")
            half_life = ops.minimum(half_life, 0.05 * images)
        keep = ops.power(0.5, ops.cast(batch, "float32") / ops.maximum(half_life, 1e-8))
        for average, current in zip(self.averaged_generator.weights, self.generator.weights):
            average.assign(current + (average - current) * ops.cast(keep, average.dtype))

    def _track(self, **values):
        for name, value in values.items():
            self.trackers[name].update_state(value)

    @staticmethod
    def _apply(tape, loss, network, optimizer):
        variables = network.trainable_variables
        gradients = tape.gradient(loss, [variable.value for variable in variables], unconnected_gradients="zero")
        optimizer.apply(gradients, variables)


def _lazy_adam(learning_rate, interval):
    """Adam for a network regularised every `interval` steps (StyleGAN2, appendix B)."""
    ratio = interval / (interval + 1)
    return keras.optimizers.Adam(learning_rate * ratio, beta_1=0.0, beta_2=0.99**ratio, epsilon=1e-8)
