import keras
from keras import ops

from psp_keras.ops.onednn import fused

_QUARTER = keras.initializers.Constant(0.25)


@fused("slopes")
def _prelu(x, slopes):
    x32 = ops.cast(x, "float32")
    return ops.cast(ops.maximum(x32, 0.0) + slopes * ops.minimum(x32, 0.0), x.dtype)


@keras.saving.register_keras_serializable(package="psp_keras")
class PReLU(keras.layers.PReLU):
    """`keras.layers.PReLU` with one slope a channel, 0.25 before training, as PyTorch's.

    Input shape: `(N, H, W, C)`. Output shape: the same.

    Example:
        >>> float(PReLU()(-np.ones((1, 8, 8, 16)))[0, 0, 0, 0])
        -0.25
    """

    def __init__(self, alpha_initializer=None, shared_axes=(1, 2), **kwargs):
        super().__init__(alpha_initializer=alpha_initializer or _QUARTER, shared_axes=list(shared_axes), **kwargs)

    def call(self, inputs):
        return _prelu(inputs, ops.cast(self.alpha, "float32"), trainable=self.trainable)
