import math

import keras
from keras import ops

from psp_keras.layers.discriminator_block import DiscriminatorBlock
from psp_keras.layers.equalized_conv2d import EqualizedConv2D
from psp_keras.layers.equalized_dense import EqualizedDense
from psp_keras.layers.minibatch_stddev import MinibatchStddev
from psp_keras.models.compiled_call import compiled
from psp_keras.models.preset import PresetModel
from psp_keras.models.resolutions import channels_at, check_pyramid, pyramid
from psp_keras.ops.checks import check_shape


@keras.saving.register_keras_serializable(package="psp_keras")
class StyleGAN2Discriminator(PresetModel):
    """Residual StyleGAN2 discriminator with a minibatch standard deviation (StyleGAN2, figure 7c).

    Args:
        resolution: size of the images, a power of two from 16 to 1024.
        channel_base: channels at resolution r are `min(channel_base // r, channel_max)`.
        channel_max: see `channel_base`. The defaults are config-f.
        group_size: samples that share a minibatch standard deviation.

    Input shape: `(N, resolution, resolution, 3)`, [-1, 1]. Output shape: `(N, 1)` logits, float32.

    Example:
        >>> StyleGAN2Discriminator(16, channel_max=16)(np.zeros((4, 16, 16, 3))).shape
        (4, 1)
    """

    def __init__(self, resolution=1024, channel_base=32768, channel_max=512, group_size=4, **kwargs):
        super().__init__(**kwargs)
        check_pyramid(resolution, channel_base, channel_max)
        self.resolution = resolution
        self.channel_base = channel_base
        self.channel_max = channel_max
        self.group_size = group_size
        policy = self.dtype_policy
        sizes = pyramid(resolution)[::-1]
        self.from_rgb = EqualizedConv2D(self._channels(resolution), 1, dtype=policy, name="from_rgb")
        self.blocks = [
            DiscriminatorBlock(self._channels(size // 2), dtype=policy, name=f"block_{size}") for size in sizes[:-1]
        ]
        self.stddev = MinibatchStddev(group_size, name="stddev")
        self.conv = EqualizedConv2D(self._channels(4), 3, dtype=policy, name="conv")
        self.dense = EqualizedDense(self._channels(4), activate=True, dtype="float32", name="dense")
        self.logit = EqualizedDense(1, dtype="float32", name="logit")

    def build(self, input_shape=None):
        shape = (None, self.resolution, self.resolution, 3)
        if input_shape is not None:
            check_shape("images", input_shape, ("N", *shape[1:]))
        for layer in (self.from_rgb, *self.blocks, self.stddev, self.conv):
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.dense.build((None, math.prod(shape[1:])))
        self.logit.build((None, self._channels(4)))
        self.built = True

    @compiled
    def call(self, images):
        x = images
        for layer in (self.from_rgb, *self.blocks, self.stddev, self.conv):
            x = layer(x)
        x = ops.reshape(x, (-1, math.prod(x.shape[1:])))
        return self.logit(self.dense(x))

    def _channels(self, size):
        return channels_at(size, self.channel_base, self.channel_max)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 1)

    def compute_output_spec(self, images):
        return keras.KerasTensor(self.compute_output_shape(images.shape), dtype="float32")

    def get_config(self):
        return {
            **super().get_config(),
            "resolution": self.resolution,
            "channel_base": self.channel_base,
            "channel_max": self.channel_max,
            "group_size": self.group_size,
        }
