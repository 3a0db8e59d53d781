import itertools
from collections.abc import Callable, Iterable

import keras
import numpy as np

from psp_keras.batches import map_batches
from psp_keras.data.image_files import to_float
from psp_keras.errors import UserError
from psp_keras.evaluation.frechet import frechet_distance
from psp_keras.evaluation.manifolds import NEIGHBOURS, precision_recall
from psp_keras.evaluation.perceptual_features import pooled_features
from psp_keras.models.perceptual_network import PerceptualNetwork
from psp_keras.typing import Tensor

_BATCH = 16
_COMPARED = 1000  # pictures of each kind, for precision and recall


class GeneratorQuality(keras.callbacks.Callback):
    """Adds `fid-mini`, `precision` and `recall` of a generator to the logs at the end of every epoch.

    They compare features of samples, always of the same z, with those of real pictures, which are computed once. Place
    it before the callbacks that write logs.

    Args:
        generate: function of z `(n, style_dim)`, to images `(n, H, W, 3)` in [-1, 1].
        z: what to draw samples from, `(N, style_dim)`.
        real: function without arguments that returns the real pictures one after the other, uint8 `(H, W, 3)`.
        network: `PerceptualNetwork` whose features are compared.

    Raises:
        UserError: there are too few pictures of a kind (when the training begins).
    """

    def __init__(
        self,
        generate: Callable[[Tensor], Tensor],
        z: Tensor,
        real: Callable[[], Iterable[np.ndarray]],
        network: PerceptualNetwork,
    ):
        super().__init__()
        self.generate = generate
        self.z = keras.ops.convert_to_numpy(z)
        self.real = real
        self.network = network

    def on_train_begin(self, logs=None):
        self._real = self._real_features()

    def on_epoch_end(self, epoch, logs=None):
        logs.update(self._compare())

    def measure(self) -> dict[str, float]:
        """Returns the three figures, without a training.

        Raises:
            UserError: there are too few pictures of a kind.
        """
        self._real = self._real_features()
        return self._compare()

    def _real_features(self):
        pictures, parts = iter(self.real()), []
        while batch := list(itertools.islice(pictures, _BATCH)):
            parts.append(pooled_features(self.network, to_float(np.stack(batch))))
        features = np.concatenate(parts)
        fewest = min(len(features), len(self.z))
        if fewest <= NEIGHBOURS:
            raise UserError(
                f"{fewest} pictures are too few to measure quality by: have more, or `num_quality_samples` 0."
            )
        return features

    def _compare(self):
        drawn = map_batches(lambda z: pooled_features(self.network, self.generate(z)), self.z, _BATCH)
        precision, recall = precision_recall(self._real[:_COMPARED], drawn[:_COMPARED])
        return {"fid-mini": frechet_distance(self._real, drawn), "precision": precision, "recall": recall}
