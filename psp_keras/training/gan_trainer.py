import math
from typing import Any

import keras
from keras import ops

from psp_keras.layers.adaptive_augmentation import AdaptiveAugmentation
from psp_keras.models.stylegan2_discriminator import StyleGAN2Discriminator
from psp_keras.models.stylegan2_generator import StyleGAN2Generator
from psp_keras.models.train_step import TrainStep, unpack
from psp_keras.typing import Tensor


class GANTrainer(TrainStep, keras.Model):
    """Trains a StyleGAN2 generator with `fit` (StyleGAN2, sections 2 to 4).

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
        self.path_length_mean = self.add_weight(
            name="path_length_mean", initializer="zeros", trainable=False, aggregation="mean"
        )
        self.trackers = {name: keras.metrics.Mean(name=name) for name in self._measures()}
        self.built = True

    def compile(self, learning_rate: float = 0.002, **kwargs: Any) -> None:
        """Sets up the two Adam optimizers (beta_1 0, beta_2 0.99, shortened for lazy regularisation)."""
        jit_compile = keras.backend.backend() == "jax"
        super().compile(optimizer=None, **{"jit_compile": jit_compile, **kwargs})
        lazy = self.path_length_interval if self.path_length_weight else math.inf
        self.generator_optimizer = _lazy_adam(learning_rate, lazy)
        self.discriminator_optimizer = _lazy_adam(learning_rate, self.r1_interval)
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)
        self.optimizer = _Optimizers(self.generator_optimizer, self.discriminator_optimizer, self.r1_interval)

    def _measures(self):
        names = ["generator_loss", "discriminator_loss", "real_score", "fake_score", "r1"]
        names += ["path_length"] if self.path_length_weight else []
        return names + (["augmentation_probability", "real_sign"] if self.augmentation is not None else [])

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self.trackers.values())

    def call(self, z):
        return self.averaged_generator(z)

    def learn(self, data: Any) -> dict[str, Tensor]:
        """Takes a training step with a batch of real images and returns the running means of the metrics."""
        real, _, _ = unpack(data)
        batch = ops.shape(real)[0]
        return self._contest(real, self._generate(batch), lambda: self._generator_loss(batch))

    def _contest(self, real, fake, generator_loss):
        """Both networks take a step, and their regularisations where they are due."""
        batch = ops.shape(real)[0]
        regularise_d = self._is_due(self.discriminator_optimizer, self.r1_interval)
        regularise_g = self._is_due(self.generator_optimizer, self.path_length_interval)
        self._train_discriminator(lambda: self._discriminator_loss(real, fake))
        self.run_if(regularise_d, lambda: self._train_discriminator(lambda: self._r1_loss(real)))
        self._train_generator(generator_loss)
        if self.path_length_weight:
            half = max(batch // 2, 1) if isinstance(batch, int) else ops.maximum(batch // 2, 1)
            self.run_if(regularise_g, lambda: self._train_generator(lambda: self._path_length_loss(half)))
        self._update_average(batch * self.num_replicas())
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    @staticmethod
    def _is_due(optimizer, interval):
        # A regularisation step counts as an iteration of its own: interval + 1 iterations make one round.
        return ops.equal(optimizer.iterations % (interval + 1), 0)

    def _train_discriminator(self, loss):
        self._train(self.discriminator, self.discriminator_optimizer, loss)

    def _train_generator(self, loss):
        self._train(self.generator, self.generator_optimizer, loss)

    def _train(self, network, optimizer, loss):
        gradients, measures = self.gradients_of(loss, network.trainable_variables)
        optimizer.apply(gradients, network.trainable_variables)
        for name, value in measures.items():
            self.trackers[name].update_state(value)

    # Each loss returns what is minimised, and what is logged.

    def _discriminator_loss(self, real, fake):
        real_score, fake_score = self._discriminate(real), self._discriminate(fake)
        loss = ops.mean(ops.softplus(-real_score)) + ops.mean(ops.softplus(fake_score))
        scores = {"real_score": ops.mean(real_score), "fake_score": ops.mean(fake_score)}
        return loss, {"discriminator_loss": loss, **scores, **self._adapt(real_score)}

    def _r1_loss(self, real):
        slope = self.gradient_at(lambda images: ops.sum(self._discriminate(images)), real)
        penalty = ops.mean(ops.sum(ops.square(slope), axis=(1, 2, 3)))
        return penalty * (0.5 * self.r1_gamma * self.r1_interval), {"r1": penalty}

    def _generator_loss(self, batch):
        loss = ops.mean(ops.softplus(-self._discriminate(self._generate(batch))))
        return loss, {"generator_loss": loss}

    def _path_length_loss(self, batch):
        def project(latents):
            images = self.generator.synthesize(latents, randomize_noise=True)
            noise = keras.random.normal(ops.shape(images), seed=self.seed_generator)
            return ops.sum(images * noise) / self.generator.resolution

        jacobian = self.gradient_at(project, self._mixed_latents(batch))
        lengths = ops.sqrt(ops.mean(ops.sum(ops.square(jacobian), axis=2), axis=1))
        mean = ops.mean(lengths)
        target = ops.stop_gradient(self.path_length_mean + 0.01 * (mean - self.path_length_mean))
        self.path_length_mean.assign(target)
        penalty = ops.mean(ops.square(lengths - target))
        return penalty * (self.path_length_weight * self.path_length_interval), {"path_length": mean}

    def _discriminate(self, images):
        """Scores `(N, 1)` of images: the one place where the discriminator sees them."""
        return self.discriminator(images if self.augmentation is None else self.augmentation(images))

    def _adapt(self, real_score):
        if self.augmentation is None:
            return {}
        self.augmentation.adapt(real_score, self.num_replicas())
        probability = ops.convert_to_tensor(self.augmentation.probability)
        return {"augmentation_probability": probability, "real_sign": ops.mean(ops.sign(real_score))}

    def _generate(self, batch):
        return self.generator.synthesize(self._mixed_latents(batch), randomize_noise=True)

    def _mixed_latents(self, batch):
        """w_plus `(batch, num_styles, style_dim)`; styles from a random index on come from a second z."""
        generator = self.generator
        total = batch * self.num_replicas()
        z = keras.random.normal((2 * total, generator.style_dim), seed=self.seed_generator)
        z = ops.concatenate([self.own_part(part) for part in ops.split(z, 2, axis=0)], axis=0)
        first, second = ops.split(generator.map(z), 2, axis=0)
        cut = self.own_part(keras.random.randint((total, 1), 1, generator.num_styles, seed=self.seed_generator))
        chance = self.own_part(keras.random.uniform((total, 1), seed=self.seed_generator))
        mixes = chance < self.style_mixing_probability
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


class _Optimizers:
    """Two optimizers where Keras, a checkpoint and the logs expect one."""

    built = True

    def __init__(self, generator_optimizer, discriminator_optimizer, r1_interval):
        optimizers = (generator_optimizer, discriminator_optimizer)
        self.variables = [variable for optimizer in optimizers for variable in optimizer.variables]
        self.learning_rate = generator_optimizer.learning_rate
        self._counted = discriminator_optimizer.iterations
        self._r1_interval = r1_interval

    @property
    def iterations(self):
        """Steps of the training: those of the discriminator without its regularisation."""
        return int(self._counted) * self._r1_interval // (self._r1_interval + 1)


def _lazy_adam(learning_rate, interval):
    """Adam for a network regularised every `interval` steps (StyleGAN2, appendix B)."""
    ratio = 1 / (1 + 1 / interval)
    return keras.optimizers.Adam(learning_rate * ratio, beta_1=0.0, beta_2=0.99**ratio, epsilon=1e-8)
