import dataclasses
from collections.abc import Callable, Iterable
from typing import NamedTuple

import keras
from keras import ops

from psp_keras.errors import UserError
from psp_keras.ops.checks import check_shape
from psp_keras.typing import Tensor


class LossBatch(NamedTuple):
    """What a loss term may look at.

    Attributes:
        source: what the encoder saw, `(N, H, W, C)`.
        target: wanted images, `(N, S, S, 3)` in [-1, 1].
        output: generated images, of the same shape.
        latents: `(N, num_styles, style_dim)`.
        latent_average: broadcastable to `latents`.
    """

    source: Tensor
    target: Tensor
    output: Tensor
    latents: Tensor
    latent_average: Tensor


@dataclasses.dataclass(frozen=True)
class LossTerm:
    """One term of a loss.

    Attributes:
        name: of the term in logs.
        weight: of the term in the sum, from 0.
        function: takes a `LossBatch` and returns one number a picture, `(N,)`; with `reports`, a dictionary of such.
        reports: names of further measures that the function returns beside the term and that train nothing.
        only_training: whether validation leaves the term out, such as one that another network learns against.

    Example:
        >>> def brightness(batch):
        ...     return keras.ops.mean(keras.ops.square(batch.output - batch.target), axis=(1, 2, 3))
        >>> LossTerm("brightness", 0.1, brightness).weight
        0.1
    """

    name: str
    weight: float
    function: Callable
    reports: tuple = ()
    only_training: bool = False

    def __call__(self, batch: LossBatch) -> dict[str, Tensor]:
        """Returns the measures of a batch by name, `(N,)` each."""
        measures = self.function(batch)
        return measures if self.reports else {self.name: measures}


class WeightedLoss:
    """The weighted sum of `LossTerm`s that trains a `PSP`.

    Args:
        terms: the terms.

    Attributes:
        adversary: a `LatentAdversary` that learns beside the encoder, or `None`.

    Raises:
        UserError: no term has a weight, or two have one name.

    Example:
        >>> loss = WeightedLoss([LossTerm("l2", 1.0, squared_error)])
        >>> model = psp_keras.PSP.from_preset("mini_faces_inversion")
        >>> model.compile("adam", loss)
    """

    adversary = None

    def __init__(self, terms: Iterable[LossTerm]):
        self.terms = [term for term in terms if term.weight]
        reports = [name for term in self.terms for name in term.reports]
        names = ["loss", *(term.name for term in self.terms), *reports]
        if not self.terms:
            raise UserError("At least one term of the loss must have a weight above 0.")
        if len(set(names)) < len(names):
            raise UserError(f"Terms of a loss need names of their own, got {', '.join(names[1:])}.")
        self.trackers = [keras.metrics.Mean(name=name) for name in names]

    def __call__(
        self,
        source: Tensor,
        target: Tensor,
        output: Tensor,
        latents: Tensor,
        latent_average: Tensor,
        sample_weight: Tensor | None = None,
        training: bool = True,
    ) -> dict[str, Tensor]:
        """Measures every term.

        Args:
            source: of `LossBatch`, as the next four.
            target: see `source`.
            output: see `source`.
            latents: see `source`.
            latent_average: see `source`.
            sample_weight: how much each picture counts, `(N,)`; all terms are multiplied with it.
            training: whether terms that are for training only are measured too.

        Returns:
            Means over the batch by name: the weighted sum as `loss`, and each term without its weight.

        Raises:
            ValueError: `sample_weight` is not one number a picture.
        """
        batch = LossBatch(source, target, output, latents, latent_average)
        terms, measures = [term for term in self.terms if training or not term.only_training], {}
        for term in terms:
            measures.update(term(batch))
        if sample_weight is not None:
            check_shape("sample_weight", sample_weight.shape, (source.shape[0] or "N",))
            sample_weight = ops.cast(sample_weight, "float32")
            measures = {name: values * sample_weight for name, values in measures.items()}
        means = {name: ops.mean(values) for name, values in measures.items()}
        return {"loss": sum(term.weight * means[term.name] for term in terms), **means}


def squared_error(batch: LossBatch) -> Tensor:
    """The mean squared error of each picture."""
    return ops.mean(ops.square(batch.output - batch.target), axis=(1, 2, 3))
