"""What `psp-keras evaluate` measures."""

from collections.abc import Sequence

import numpy as np
from keras import ops

from psp_keras.batches import even_batches
from psp_keras.errors import UserError
from psp_keras.evaluation.frechet import frechet_distance
from psp_keras.evaluation.perceptual_features import pooled_features
from psp_keras.evaluation.structural_similarity import WINDOW, structural_similarity
from psp_keras.losses.identity_loss import IdentityLoss
from psp_keras.losses.lpips import LPIPS
from psp_keras.models.arcface import ArcFace
from psp_keras.models.perceptual_network import PerceptualNetwork
from psp_keras.typing import PathLike, Tensor

METRICS = ("l2", "lpips", "id", "psnr", "ssim", "fid-mini")
# Of these, smaller is better.
SMALLER_IS_BETTER = ("l2", "lpips", "fid-mini")
_BATCH = 32


class TranslationMetrics:
    """Compares outputs with targets, picture by picture, and as a whole.

    - `l2`: mean squared error in [-1, 1].
    - `lpips`: LPIPS.
    - `id`: cosine of the identity embeddings. The default network is not the one that the shipped presets were trained
      with, as in the paper (pSp, section 4.1).
    - `psnr`, `ssim`: in dB and in [-1, 1].
    - `fid-mini`: Frechet distance between Gaussians fitted to features of all outputs and of all targets. The features
      are those of the LPIPS network, so values compare within one network only, and never with published FIDs.

    Args:
        names: which of them.
        perceptual_network: `PerceptualNetwork` or a preset of one.
        arcface: `ArcFace` or a preset of one, for `id`.

    Raises:
        UserError: a name is not known, or there is none, or a preset is missing or holds something else.

    Example:
        >>> metrics = TranslationMetrics(["l2", "lpips"])
        >>> metrics(images, images[::-1])["lpips"].shape
        (8,)
    """

    def __init__(
        self,
        names: Sequence[str] = ("l2", "lpips", "id"),
        perceptual_network: PerceptualNetwork | PathLike = "mini_faces_vgg",
        arcface: ArcFace | PathLike = "mini_faces_arcface_metric",
    ):
        unknown = [name for name in names if name not in METRICS]
        if unknown:
            raise UserError(f"There is no metric {unknown[0]!r}: choose from {', '.join(METRICS)}.")
        if not names:
            raise UserError(f"There is no metric to measure: choose from {', '.join(METRICS)}.")
        self.names = tuple(names)
        self.of_each_picture = tuple(name for name in self.names if name != "fid-mini")
        if "lpips" in names or "fid-mini" in names:
            if not isinstance(perceptual_network, PerceptualNetwork):
                perceptual_network = PerceptualNetwork.from_preset(perceptual_network)
            self.lpips = LPIPS(perceptual_network)
        self.identity = IdentityLoss(arcface) if "id" in names else None

    def check(self, count: int, *sides: int) -> None:
        """Raises a `UserError` where pictures are too few for `fid-mini`, or too small for `ssim`.

        Args:
            count: how many pictures there are.
            *sides: their pixels.
        """
        if "fid-mini" in self.names and count < 2:
            raise UserError(f"fid-mini compares sets of pictures: it needs at least 2, not {count}.")
        if "ssim" in self.names and min(sides) < WINDOW:
            raise UserError(f"ssim needs pictures of at least {WINDOW} pixels, these have {min(sides)}.")

    def __call__(self, targets: Tensor, outputs: Tensor) -> dict[str, np.ndarray]:
        """Compares images `(N, S, S, 3)` in [-1, 1] pair by pair.

        Returns:
            float32 `(N,)` by name, for every metric but `fid-mini`.

        Raises:
            UserError: the pictures are too small for `ssim`, or too few for `fid-mini`.
        """
        self.check(len(targets), *targets.shape[1:3])
        measures = {name: getattr(self, f"_{name}") for name in self.of_each_picture}
        parts = []
        for batch in even_batches(len(targets), _BATCH):
            pair = [ops.convert_to_tensor(x[batch], "float32") for x in (targets, outputs)]
            parts.append({name: ops.convert_to_numpy(measure(*pair)) for name, measure in measures.items()})
        return {name: np.concatenate([part[name] for part in parts])[: len(targets)] for name in measures}

    def fid_mini(self, targets: Tensor, outputs: Tensor) -> float:
        """Compares two sets of images as wholes, a number.

        Raises:
            UserError: there are fewer than two pictures.
        """
        self.check(len(targets), *targets.shape[1:3])
        return frechet_distance(*(pooled_features(self.lpips.network, x) for x in (targets, outputs)))

    def _l2(self, targets, outputs):
        return ops.mean(ops.square(targets - outputs), axis=(1, 2, 3))

    def _lpips(self, targets, outputs):
        return self.lpips.call(targets, outputs)

    def _id(self, targets, outputs):
        return self.identity.similarity(targets, outputs)

    def _psnr(self, targets, outputs):
        return 10 * ops.log10(4.0 / self._l2(targets, ops.clip(outputs, -1, 1)))

    def _ssim(self, targets, outputs):
        return structural_similarity(targets, ops.clip(outputs, -1, 1))
