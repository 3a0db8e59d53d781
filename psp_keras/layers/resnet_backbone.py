import keras

from psp_keras.layers.basic_block import BasicBlock
from psp_keras.layers.batch_normalization import BatchNormalization
from psp_keras.layers.prelu import PReLU
from psp_keras.layers.symmetric_conv2d import SymmetricConv2D
from psp_keras.ops.checks import check_shape

# Blocks in each of the four stages.
RESNET_STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


@keras.saving.register_keras_serializable(package="psp_keras")
class ResNetBackbone(keras.layers.Layer):
    """ResNet without its max pooling: what ReStyle sees pictures of things with (Alaluf et al., ICCV 2021, section 4).

    Args:
        num_layers: 18 or 34.
        width: channels of the first stage, 64 in the published networks; each stage doubles them.

    Input shape: `(N, H, W, C)`.
    Output: list of the feature maps of stages 2 to 4, of stride 4, 8 and 16 and `2, 4, 8 * width` channels.

    Example:
        >>> [x.shape for x in ResNetBackbone(18, width=8)(np.zeros((1, 64, 64, 6)))]
        [(1, 16, 16, 16), (1, 8, 8, 32), (1, 4, 4, 64)]
    """

    def __init__(self, num_layers=34, width=64, **kwargs):
        super().__init__(**kwargs)
        if num_layers not in RESNET_STAGES:
            raise ValueError(f"`num_layers` of a ResNet must be one of {sorted(RESNET_STAGES)}, got {num_layers}.")
        self.num_layers = num_layers
        self.width = width

    def build(self, input_shape):
        check_shape("images", input_shape, ("N", "H", "W", "C"))
        policy = self.dtype_policy
        self.input_conv = SymmetricConv2D(self.width, 7, strides=2, use_bias=False, dtype=policy, name="input_conv")
        self.input_norm = BatchNormalization(dtype=policy, name="input_norm")
        self.input_prelu = PReLU(dtype=policy, name="input_prelu")
        self.stages = [
            [
                BasicBlock(
                    self.width * 2**stage,
                    strides=2 if stage and not block else 1,
                    dtype=policy,
                    name=f"stage_{stage + 1}_block_{block}",
                )
                for block in range(blocks)
            ]
            for stage, blocks in enumerate(RESNET_STAGES[self.num_layers])
        ]
        shape = input_shape
        for layer in (self.input_conv, self.input_norm, self.input_prelu, *sum(self.stages, [])):
            layer.build(shape)
            shape = layer.compute_output_shape(shape)

    def call(self, images, training=False):
        x = self.input_prelu(self.input_norm(self.input_conv(images), training=training))
        features = []
        for stage in self.stages:
            for block in stage:
                x = block(x, training=training)
            features.append(x)
        return features[1:]

    def compute_output_shape(self, input_shape):
        shape = self.input_conv.compute_output_shape(input_shape)
        shapes = []
        for stage in self.stages:
            for block in stage:
                shape = block.compute_output_shape(shape)
            shapes.append(shape)
        return shapes[1:]

    def get_config(self):
        return {**super().get_config(), "num_layers": self.num_layers, "width": self.width}
