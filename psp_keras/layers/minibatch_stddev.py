import keras
from keras import ops

from psp_keras.ops.checks import check_shape


@keras.saving.register_keras_serializable(package="psp_keras")
class MinibatchStddev(keras.layers.Layer):
    """Appends the standard deviation over a group of samples as one more channel (Progressive GAN, section 3).

    A batch that `group_size` does not divide is one group, as a single sample is.

    Args:
        group_size: number of samples that share a statistic.

    Input shape: `(N, H, W, C)`. Output shape: `(N, H, W, C + 1)`.

    Example:
        >>> MinibatchStddev()(np.zeros((4, 4, 4, 8))).shape
        (4, 4, 4, 9)
    """

    def __init__(self, group_size=4, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.group_size = group_size

    def build(self, input_shape):
        check_shape("inputs", input_shape, ("N", "H", "W", "C"))

    def call(self, inputs):
        batch, (height, width, channels) = ops.shape(inputs)[0], inputs.shape[1:]
        group = self._group(batch)
        grouped = ops.reshape(inputs, (group, -1, height, width, channels))
        stddev = ops.sqrt(ops.var(grouped, axis=0) + 1e-8)
        statistic = ops.mean(stddev, axis=(1, 2, 3))
        plane = ops.ones_like(inputs[..., :1]) * ops.tile(statistic, (group,))[:, None, None, None]
        return ops.concatenate([inputs, plane], axis=-1)

    def _group(self, batch):
        if isinstance(batch, int):  # JAX shapes must be known before anything is computed
            return batch if batch % self.group_size else self.group_size
        return ops.where(batch % self.group_size == 0, self.group_size, batch)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + 1)

    def get_config(self):
        return {**super().get_config(), "group_size": self.group_size}
