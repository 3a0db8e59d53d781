from collections.abc import Sequence

from keras import ops

from psp_keras.errors import UserError
from psp_keras.losses.identity_loss import IdentityLoss
from psp_keras.losses.lpips import LPIPS
from psp_keras.losses.moco_loss import MoCoLoss
from psp_keras.losses.terms import TERMS, check_weights
from psp_keras.losses.w_norm_loss import WNormLoss
from psp_keras.models.arcface import ArcFace
from psp_keras.models.latent_adversary import LatentAdversary
from psp_keras.models.moco import MoCo
from psp_keras.models.perceptual_network import PerceptualNetwork
from psp_keras.models.weighted_loss import LossTerm, WeightedLoss, squared_error
from psp_keras.ops.face_regions import inner_face
from psp_keras.typing import PathLike


class PSPLoss(WeightedLoss):
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
        delta_norm: weight of the distances of all styles from the first; 2e-4 in e4e.
        adversarial: weight of what a discriminator of latents says; 0.1 in e4e.
        perceptual_network: `PerceptualNetwork` or a preset of one, for the LPIPS terms.
        arcface: `ArcFace` or a preset of one, for the identity loss.
        moco_network: `MoCo` or a preset of one, for the MoCo loss.
        adversary: `LatentAdversary`, for the adversarial loss; it learns in the same training steps.
        terms: further terms, `LossTerm`s.

    Raises:
        UserError: a weight is no number from 0, a term has a weight but its network is missing, no term has a weight,
            or both `id` and `moco` have.

    Example:
        >>> loss = PSPLoss(perceptual_network="mini_faces_vgg", arcface="mini_faces_arcface")
        >>> [term.name for term in loss.terms]
        ['l2', 'lpips', 'id']
    """

    def __init__(
        self,
        l2: float = 1.0,
        lpips: float = 0.8,
        id: float = 0.1,
        w_norm: float = 0.0,
        l2_crop: float = 0.0,
        lpips_crop: float = 0.0,
        moco: float = 0.0,
        delta_norm: float = 0.0,
        adversarial: float = 0.0,
        perceptual_network: PerceptualNetwork | PathLike | None = None,
        arcface: ArcFace | PathLike | None = None,
        moco_network: MoCo | PathLike | None = None,
        adversary: LatentAdversary | None = None,
        terms: Sequence[LossTerm] = (),
    ):
        weights = dict(zip(TERMS, (l2, lpips, id, moco, w_norm, l2_crop, lpips_crop, delta_norm, adversarial)))
        check_weights(weights, "PSPLoss", any(term.weight for term in terms))
        if id and moco:
            raise UserError("`id` compares faces and `moco` everything else: set one of the two to 0.")
        self.weights = {name: weight for name, weight in weights.items() if weight}
        self.identity = IdentityLoss(_required(arcface, "arcface", "`id`")) if id else None
        functions = {
            "l2": squared_error,
            "l2_crop": _squared_error_of_inner_face,
            "w_norm": _w_norm,
            "delta_norm": _delta_norm,
        }
        if lpips or lpips_crop:
            network = LPIPS(_required(perceptual_network, "perceptual_network", "`lpips` and `lpips_crop`")).network
            functions.update(lpips=_compare(LPIPS(network)), lpips_crop=_compare(LPIPS(network, crop=True)))
        if moco:
            functions["moco"] = _compare(MoCoLoss(_required(moco_network, "moco_network", "`moco`")))
        if adversarial:
            self.adversary = _required(adversary, "adversary", "`adversarial`")
            functions["adversarial"] = self.adversary.doubt
        if id:
            functions["id"] = self._identity_terms
        reports = {"id": ("id_improvement",)}
        own = [
            LossTerm(name, weight, functions[name], reports.get(name, ()), only_training=name == "adversarial")
            for name, weight in self.weights.items()
        ]
        super().__init__([*own, *terms])

    def _identity_terms(self, batch):
        """The identity loss, and by how much the output resembles the target more than the source does."""
        wanted = self.identity.embed(batch.target)
        similarity = ops.sum(self.identity.embed(batch.output) * wanted, axis=-1)
        if batch.source is batch.target:
            before = ops.ones_like(similarity)
        elif batch.source.shape[-1] == 3:
            before = ops.sum(self.identity.embed(batch.source) * wanted, axis=-1)
        else:
            before = ops.zeros_like(similarity)  # a sketch or a map has no identity to begin with
        return {"id": 1.0 - similarity, "id_improvement": similarity - before}


def _squared_error_of_inner_face(batch):
    return ops.mean(ops.square(inner_face(batch.output) - inner_face(batch.target)), axis=(1, 2, 3))


def _w_norm(batch):
    return WNormLoss().call(batch.latent_average, batch.latents)


def _delta_norm(batch):
    """The sum of the distances of every style from the first (e4e's delta regularisation)."""
    squares = ops.sum(ops.square(batch.latents[:, 1:] - batch.latents[:, :1]), axis=2)
    return ops.sum(ops.sqrt(ops.maximum(squares, 1e-12)), axis=1)  # guarded as in `WNormLoss`


def _compare(loss):
    # Not through `__call__`, which divides by the number of devices: so does the training step, for all terms.
    return lambda batch: loss.call(batch.target, batch.output)


def _required(network, argument, weights):
    if network is None:
        raise UserError(f"`{argument}` is missing: set it, or set {weights} to 0.")
    return network
