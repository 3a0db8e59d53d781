from collections.abc import Callable
from typing import Any

from keras import ops

from psp_keras.models.stylegan2_discriminator import StyleGAN2Discriminator
from psp_keras.models.stylegan2_generator import StyleGAN2Generator
from psp_keras.models.train_step import unpack
from psp_keras.training.gan_trainer import GANTrainer
from psp_keras.typing import Tensor


class AnchoredGANTrainer(GANTrainer):
    """Trains the synthesis of a generator against a discriminator, held to pictures whose w is known.

    Half of what the generator draws has a known w, and is compared with the true picture too. So the discriminator
    sharpens what a comparison leaves soft, and no kind of picture gets lost on the way. The mapping network does not
    learn, and there is no path-length penalty.

    Args:
        generator: `StyleGAN2Generator`, built.
        discriminator: `StyleGAN2Discriminator`, built, of the same resolution.
        difference: function of targets and drawn images, to the number that is the anchor.
        anchor_weight: how much it counts beside the discriminator's opinion.
        **kwargs: of `GANTrainer`.

    `fit` takes batches of w `(N, style_dim)` and of targets `(N, resolution, resolution, 3)`: the true images in
    [-1, 1]; further channels are for `difference` alone.
    """

    def __init__(
        self,
        generator: StyleGAN2Generator,
        discriminator: StyleGAN2Discriminator,
        difference: Callable[[Tensor, Tensor], Tensor],
        anchor_weight: float = 10.0,
        **kwargs: Any,
    ):
        super().__init__(generator, discriminator, path_length_weight=0.0, **kwargs)
        generator.mapping.trainable = False
        self.difference = difference
        self.anchor_weight = anchor_weight

    def learn(self, data: Any) -> dict[str, Tensor]:
        """Takes a training step with a batch of w and their images and returns the running means of the metrics."""
        w, target, _ = unpack(data)
        return self._contest(target[..., :3], self._draw(w), lambda: self._anchored_loss(w, target))

    def _measures(self):
        return [*super()._measures(), "anchor_loss"]

    def _draw(self, w):
        """Draws the first half of the batch from its w, the second from z."""
        batch = ops.shape(w)[0]
        known = batch // 2
        latents = ops.repeat(w[:known, None], self.generator.num_styles, axis=1)
        latents = ops.concatenate([latents, self._mixed_latents(batch - known)], axis=0)
        return self.generator.synthesize(latents, randomize_noise=True)

    def _anchored_loss(self, w, target):
        known, drawn = ops.shape(w)[0] // 2, self._draw(w)
        opinion = ops.mean(ops.softplus(-self._discriminate(drawn)))
        anchor = self.difference(target[:known], drawn[:known])
        return opinion + self.anchor_weight * anchor, {"generator_loss": opinion, "anchor_loss": anchor}
