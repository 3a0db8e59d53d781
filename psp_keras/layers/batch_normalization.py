import keras
from keras import ops

from psp_keras.ops.onednn import batch_norm, fused, on_onednn


@fused("scale", "offset")
def _scale_and_shift(x, scale, offset):
    return ops.cast(ops.cast(x, "float32") * scale + offset, x.dtype)


@keras.saving.register_keras_serializable(package="psp_keras")
class BatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization` with PyTorch's constants, in fewer passes over memory on TensorFlow's CPU.

    Statistics and arithmetic are float32 under every dtype policy.

    Args:
        momentum: share of the moving statistics that a step keeps.
        epsilon: added to the variance.
        **kwargs: of `keras.layers.BatchNormalization`.

    Input shape: `(N, ..., C)`. Output shape: the same.

    Example:
        >>> BatchNormalization()(np.zeros((2, 8, 8, 16)), training=True).shape
        (2, 8, 8, 16)
    """

    def __init__(self, momentum=0.9, epsilon=1e-5, **kwargs):
        super().__init__(momentum=momentum, epsilon=epsilon, **kwargs)

    def call(self, inputs, training=None, mask=None):
        if not on_onednn() or len(inputs.shape) != 4 or self._is_special():
            return super().call(inputs, training=training, mask=mask)
        variables = (self.gamma, self.beta, self.moving_mean, self.moving_variance)
        gamma, beta, mean, variance = (ops.cast(variable, "float32") for variable in variables)
        if training and self.trainable:
            outputs, *of_batch = batch_norm(inputs, gamma, beta, self.epsilon)
            self._follow((mean, variance), of_batch)
            return outputs
        scale = gamma * ops.rsqrt(variance + self.epsilon)
        offset = beta - mean * scale
        return _scale_and_shift(inputs, scale, offset, trainable=self.trainable)

    def _is_special(self):
        return self.synchronized or self.renorm or self.axis not in (-1, 3) or not (self.scale and self.center)

    def _follow(self, before, of_batch):
        for variable, old, new in zip((self.moving_mean, self.moving_variance), before, of_batch):
            variable.assign(old * self.momentum + new * (1.0 - self.momentum))
