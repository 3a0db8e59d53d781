from collections.abc import Callable

import keras
import numpy as np

from psp_keras.batches import images_at_once, map_batches
from psp_keras.data.image_files import to_float
from psp_keras.evaluation.frechet import frechet_distance
from psp_keras.evaluation.manifolds import precision_recall
from psp_keras.evaluation.perceptual_features import pooled_features
from psp_keras.models.perceptual_network import PerceptualNetwork
from psp_keras.typing import Tensor

_COMPARED = 1000  # pictures of each kind, for precision and recall


class GeneratorQuality(keras.callbacks.Callback):
    """Adds `fid-mini`, `precision` and `recall` of a generator to the logs at the end of every epoch.

    They compare features of samples, always of the same z, with those of real pictures, which are computed once. Place
    it before the callbacks that write logs.

    Args:
        generate: function of z `(n, style_dim)`, to images `(n, H, W, 3)` in [-1, 1].
        z: what to draw samples from, `(N, style_dim)`.
        real: function without arguments that returns the real pictures, uint8 `(M, H, W, 3)`.
        network: `PerceptualNetwork` whose features are compared.
    """

    def __init__(
        self,
        generate: Callable[[Tensor], Tensor],
        z: Tensor,
        real: Callable[[], np.ndarray],
        network: PerceptualNetwork,
    ):
        super().__init__()
        self.generate = generate
        self.z = z
        self.real = real
        self.network = network

    def on_train_begin(self, logs=None):
        real = self.real()
        self._at_once = images_at_once(real.shape[1])
        self._real = map_batches(lambda images: pooled_features(self.network, to_float(images)), real, self._at_once)

    def on_epoch_end(self, epoch, logs=None):
        drawn = map_batches(lambda z: pooled_features(self.network, self.generate(z)), self.z, self._at_once)
        logs["fid-mini"] = frechet_distance(self._real, drawn)
        logs["precision"], logs["recall"] = precision_recall(self._real[:_COMPARED], drawn[:_COMPARED])
