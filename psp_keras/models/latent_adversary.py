import keras
from keras import ops

from psp_keras.models.deltas import up_to
from psp_keras.models.encoder import Encoder
from psp_keras.models.latent_discriminator import LatentDiscriminator
from psp_keras.models.latent_pool import LatentPool
from psp_keras.models.train_step import TrainStep
from psp_keras.models.weighted_loss import LossBatch
from psp_keras.typing import Tensor


class LatentAdversary:
    """Keeps an encoder's latents close to W: a discriminator that learns beside it (Tov et al., 2021, section 3.2).

    Non-saturating logistic loss, lazy R1 and pools of earlier latents. The defaults are the published ones.

    Args:
        encoder: the encoder. Of its styles those up to its stage are looked at, the others being the same as the first.
        learning_rate: of the discriminator's Adam, a fifth of the encoder's.
        r1_gamma: weight of the gradient penalty on real latents.
        r1_interval: steps between two R1 steps.
        pool_size: how many earlier latents to keep, of each kind.
        seed: of z, the styles that are looked at, and what the pools return.

    Example:
        >>> model = psp_keras.PSP.from_preset("mini_faces_inversion")
        >>> loss = psp_keras.losses.PSPLoss(lpips=0, id=0, adversarial=0.1, adversary=LatentAdversary(model.encoder))
        >>> model.compile("adam", loss)
    """

    def __init__(
        self,
        encoder: Encoder,
        learning_rate: float = 2e-5,
        r1_gamma: float = 10.0,
        r1_interval: int = 16,
        pool_size: int = 50,
        seed: int = 0,
    ):
        self.encoder = encoder
        self.r1_gamma = r1_gamma
        self.r1_interval = r1_interval
        self.discriminator = LatentDiscriminator(encoder.style_dim)
        self.discriminator.build()
        self.optimizer = keras.optimizers.Adam(learning_rate, epsilon=1e-8)
        self.optimizer.build(self.discriminator.trainable_variables)
        self.real_pool, self.fake_pool = (LatentPool(pool_size, encoder.style_dim) for _ in range(2))
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.trackers = {name: keras.metrics.Mean(name=name) for name in ("discriminator_loss", "r1")}

    @property
    def variables(self) -> list:
        """All that changes while it learns, apart from the means in `trackers`."""
        pools = [*self.real_pool.variables, *self.fake_pool.variables]
        return [*self.discriminator.variables, *self.optimizer.variables, *pools, self.seed_generator.state]

    def doubt(self, batch: LossBatch) -> Tensor:
        """What the encoder minimises: how little its latents look like real ones, `(N,)`."""
        num_styles, size = batch.latents.shape[1:]
        scores = self.discriminator(ops.reshape(batch.latents, (-1, size)))
        return ops.sum(ops.reshape(ops.softplus(-scores), (-1, num_styles)) * self._shares(num_styles), axis=1)

    def learn(self, model: TrainStep, latents: Tensor) -> dict[str, Tensor]:
        """Takes a step of the discriminator, in a training step of a `PSP`.

        Args:
            model: the `PSP`.
            latents: what its encoder has made of a batch, `(N, num_styles, style_dim)`.

        Returns:
            The running means of the trackers, by name.
        """
        count = ops.shape(latents)[0] * model.num_replicas()
        z = keras.random.normal((count, latents.shape[-1]), seed=self.seed_generator)
        real = self.real_pool.exchange(model.generator.mapping(model.own_part(z)), self.seed_generator)
        fake = self.fake_pool.exchange(self._style_of_each(latents), self.seed_generator)
        self._train(model, lambda: self._loss(real, fake))
        due = ops.equal((model.optimizer.iterations - 1) % self.r1_interval, 0)
        model.run_if(due, lambda: self._train(model, lambda: self._r1_loss(model, real)))
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def _train(self, model, loss):
        variables = self.discriminator.trainable_variables
        gradients, measures = model.gradients_of(loss, variables)
        self.optimizer.apply(gradients, variables)
        for name, value in measures.items():
            self.trackers[name].update_state(value)

    def _loss(self, real, fake):
        scores = self.discriminator(real), self.discriminator(fake)
        loss = ops.mean(ops.softplus(-scores[0])) + ops.mean(ops.softplus(scores[1]))
        return loss, {"discriminator_loss": loss}

    def _r1_loss(self, model, real):
        slope = model.gradient_at(lambda latents: ops.sum(self.discriminator(latents)), real)
        penalty = ops.mean(ops.sum(ops.square(slope), axis=1))
        return penalty * (0.5 * self.r1_gamma * self.r1_interval), {"r1": penalty}

    def _shares(self, num_styles):
        """How much every style counts, 1 together."""
        stage = num_styles - 1 if self.encoder.stage is None else self.encoder.stage
        counts = ops.cast(up_to(stage, num_styles), "float32")
        return counts / ops.sum(counts)

    def _style_of_each(self, latents):
        """One style of each sample, at random, `(N, style_dim)`."""
        number, num_styles = ops.shape(latents)[0], latents.shape[1]
        logits = ops.log(self._shares(num_styles) + 1e-30)
        logits = ops.broadcast_to(logits, (number, num_styles))
        index = keras.random.categorical(logits, 1, seed=self.seed_generator)
        return ops.sum(latents * ops.one_hot(index[:, 0], num_styles)[:, :, None], axis=1)
