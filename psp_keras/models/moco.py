import keras
import numpy as np
from keras import ops

from psp_keras.layers.batch_normalization import BatchNormalization
from psp_keras.layers.bottleneck_block import BottleneckBlock
from psp_keras.layers.symmetric_conv2d import SymmetricConv2D
from psp_keras.models.compiled_call import compiled
from psp_keras.models.preset import PresetModel
from psp_keras.ops.checks import MAX_WIDTH, check_shape, check_sizes

_STAGES = (3, 4, 6, 3)


@keras.saving.register_keras_serializable(package="psp_keras")
class MoCo(PresetModel):
    """ResNet-50 features of MoCo v2: similarity where pictures are not faces (He et al., CVPR 2020; pSp, section 4.6).

    Args:
        image_size: pixels that inputs are resized to, by nearest neighbour as the published loss does.
        width: channels of the first stage, 64 in the published network.

    Input shape: `(N, H, W, 3)`, RGB in [-1, 1]. Output shape: `(N, 32 * width)`, unit norm, float32.

    Example:
        >>> MoCo(width=8)(np.zeros((2, 256, 256, 3))).shape
        (2, 256)
    """

    def __init__(self, image_size=224, width=64, **kwargs):
        super().__init__(**kwargs)
        check_sizes(image_size=image_size)
        check_sizes(MAX_WIDTH, width=width)
        self.image_size = image_size
        self.width = width
        policy = self.dtype_policy
        self.input_conv = SymmetricConv2D(width, 7, strides=2, use_bias=False, dtype=policy, name="input_conv")
        self.input_norm = BatchNormalization(dtype=policy, name="input_norm")
        self.stages = [
            [
                BottleneckBlock(
                    width * 2**stage,
                    strides=2 if stage and not block else 1,
                    project=block == 0,
                    dtype=policy,
                    name=f"stage_{stage + 1}_block_{block}",
                )
                for block in range(blocks)
            ]
            for stage, blocks in enumerate(_STAGES)
        ]

    def build(self, input_shape=None):
        if input_shape is not None:
            check_shape("images", input_shape, ("N", "H", "W", 3))
        shape = (None, self.image_size, self.image_size, 3)
        self.input_conv.build(shape)
        shape = self.input_conv.compute_output_shape(shape)
        self.input_norm.build(shape)
        shape = (None, -(-shape[1] // 2), -(-shape[2] // 2), shape[3])
        for block in self._blocks():
            block.build(shape)
            shape = block.compute_output_shape(shape)
        self.built = True

    @compiled
    def call(self, images):
        x = ops.relu(self.input_norm(self.input_conv(self._resize(images)), training=False))
        # Zeros are as good as minus infinity after a ReLU.
        x = ops.max_pool(ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), 3, strides=2, padding="valid")
        for block in self._blocks():
            x = block(x, training=False)
        features = ops.mean(ops.cast(x, "float32"), axis=(1, 2))
        return features * ops.rsqrt(ops.maximum(ops.sum(ops.square(features), axis=-1, keepdims=True), 1e-24))

    def _blocks(self):
        return [block for stage in self.stages for block in stage]

    def _resize(self, images):
        """Nearest neighbour with PyTorch's rule: output i shows input `floor(i * size / image_size)`."""
        for axis in (1, 2):
            size = images.shape[axis]
            if size != self.image_size:
                indices = np.arange(self.image_size) * size // self.image_size
                images = ops.take(images, indices, axis=axis)
        return images

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 32 * self.width)

    def compute_output_spec(self, images):
        return keras.KerasTensor(self.compute_output_shape(images.shape), dtype="float32")

    def get_config(self):
        return {**super().get_config(), "image_size": self.image_size, "width": self.width}
