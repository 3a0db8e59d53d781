import numpy as np
from keras import ops

from psp_keras.batches import map_batches
from psp_keras.models.perceptual_network import PerceptualNetwork
from psp_keras.typing import Tensor

_BATCH = 32


def pooled_features(network: PerceptualNetwork, images: Tensor) -> np.ndarray:
    """The deepest features of pictures, averaged over space: what sets of pictures are compared by.

    Args:
        network: a `PerceptualNetwork`.
        images: `(N, H, W, 3)`, [-1, 1].

    Returns:
        float32 `(N, D)`.

    Example:
        >>> pooled_features(PerceptualNetwork("vgg16", width=8), np.zeros((3, 32, 32, 3), "float32")).shape
        (3, 64)
    """

    def pooled(batch):
        deepest = network.features(ops.convert_to_tensor(batch, "float32"))[-1]
        return ops.mean(ops.cast(deepest, "float32"), axis=(1, 2))

    return map_batches(pooled, ops.convert_to_numpy(images), _BATCH)
