import reprlib

import keras
from keras import ops

from psp_keras.errors import UserError
from psp_keras.losses.identity_loss import IdentityLoss
from psp_keras.losses.lpips import LPIPS
from psp_keras.losses.moco_loss import MoCoLoss
from psp_keras.losses.w_norm_loss import WNormLoss
from psp_keras.ops.checks import check_shape
from psp_keras.ops.face_regions import inner_face
from psp_keras.values import is_number

TERMS = ("l2", "lpips", "id", "moco", "w_norm", "l2_crop", "lpips_crop")


class PSPLoss:
    """The weighted sum that trains a pSp encoder (Richardson et al., section 3.2, equation 5).

    A weight of 0 leaves a term out. The defaults are the paper's for inversion.

    Args:
        l2: weight of the mean squared error.
        lpips: weight of LPIPS.
        id: weight of the identity loss.
        w_norm: weight of the distance from the average latent.
        l2_crop: weight of the mean squared error on the inner face.
        lpips_crop: weight of LPIPS on the inner face.
        moco: weight of the MoCo loss, which takes the identity loss's place outside the domain of faces.
        perceptual_network: `PerceptualNetwork` or a preset of one, for the LPIPS terms.
        arcface: `ArcFace` or a preset of one, for the identity loss.
        moco_network: `MoCo` or a preset of one, for the MoCo loss.

    Raises:
        UserError: a weight is no number from 0, a term has a weight but its network is missing, no term has a weight,
            or both `id` and `moco` have.

    Example:
        >>> loss = PSPLoss(perceptual_network="mini_faces_vgg", arcface="mini_faces_arcface")
        >>> model.compile(optimizer="adam", loss=loss)
    """

    def __init__(
        self,
        l2=1.0,
        lpips=0.8,
        id=0.1,
        w_norm=0.0,
        l2_crop=0.0,
        lpips_crop=0.0,
        moco=0.0,
        perceptual_network=None,
        arcface=None,
        moco_network=None,
    ):
        weights = dict(zip(TERMS, (l2, lpips, id, moco, w_norm, l2_crop, lpips_crop)))
        check_weights(weights, "PSPLoss")
        self.weights = {name: weight for name, weight in weights.items() if weight}
        if id and moco:
            raise UserError("`id` compares faces and `moco` everything else: set one of the two to 0.")
        self._lpips = {}
        if lpips or lpips_crop:
            plain = LPIPS(_required(perceptual_network, "perceptual_network", "`lpips` and `lpips_crop`"))
            self._lpips = {"lpips": plain, "lpips_crop": LPIPS(plain.network, crop=True)}
        self.identity = IdentityLoss(_required(arcface, "arcface", "`id`")) if id else None
        self._moco = MoCoLoss(_required(moco_network, "moco_network", "`moco`")) if moco else None
        self._w_norm = WNormLoss()
        names = ["loss", *self.weights, *(["id_improvement"] if id else [])]
        self.trackers = [keras.metrics.Mean(name=name) for name in names]

    def __call__(self, source, target, output, latents, latent_average, sample_weight=None):
        """Measures every term.

        Args:
            source: what the encoder saw, `(N, H, W, C)`.
            target: wanted images, `(N, S, S, 3)` in [-1, 1].
            output: generated images, of the same shape.
            latents: `(N, num_styles, style_dim)`.
            latent_average: broadcastable to `latents`.
            sample_weight: how much each picture counts, `(N,)`; all terms are multiplied with it.

        Returns:
            Means over the batch by name: the weighted sum as `loss`, each term without its weight, and by how much the
            output resembles the target's identity more than the source does, as `id_improvement`.
        """
        terms = {
            name: self._term(name, target, output, latents, latent_average) for name in self.weights if name != "id"
        }
        if self.identity:
            terms.update(self._identity_terms(source, target, output))
        if sample_weight is not None:
            check_shape("sample_weight", sample_weight.shape, (source.shape[0] or "N",))
            sample_weight = ops.cast(sample_weight, "float32")
            terms = {name: term * sample_weight for name, term in terms.items()}
        terms = {name: ops.mean(term) for name, term in terms.items()}
        return {"loss": sum(weight * terms[name] for name, weight in self.weights.items()), **terms}

    def _term(self, name, target, output, latents, latent_average):
        """One number a picture."""
        if name == "l2":
            return ops.mean(ops.square(output - target), axis=(1, 2, 3))
        if name == "l2_crop":
            return ops.mean(ops.square(inner_face(output) - inner_face(target)), axis=(1, 2, 3))
        # Not through `__call__`, which divides by the number of devices: so does the training step, for all terms.
        if name == "w_norm":
            return self._w_norm.call(latent_average, latents)
        if name == "moco":
            return self._moco.call(target, output)
        return self._lpips[name].call(target, output)

    def _identity_terms(self, source, target, output):
        wanted = self.identity.embed(target)
        similarity = ops.sum(self.identity.embed(output) * wanted, axis=-1)
        if source is target:
            before = ops.ones_like(similarity)
        elif source.shape[-1] == 3:
            before = ops.sum(self.identity.embed(source) * wanted, axis=-1)
        else:
            before = ops.zeros_like(similarity)  # a sketch or a map has no identity to begin with
        return {"id": 1.0 - similarity, "id_improvement": similarity - before}


def check_weights(weights, where):
    """Checks weights of loss terms.

    Args:
        weights: numbers by the names of terms.
        where: what has them, for the message.

    Raises:
        UserError: there is no such term, a weight is no finite number from 0, or all are 0.
    """
    for name, weight in weights.items():
        if name not in TERMS:
            raise UserError(f"{where}: there is no loss {name!r}, only {', '.join(TERMS)}.")
        if not is_number(weight, 0):
            raise UserError(f"{where}: the weight of {name} must be a number from 0, got {reprlib.repr(weight)}.")
    if not any(weights.values()):
        raise UserError(f"{where}: at least one weight must be above 0.")


def _required(network, argument, weights):
    if network is None:
        raise UserError(f"`{argument}` is missing: set it, or set {weights} to 0.")
    return network
