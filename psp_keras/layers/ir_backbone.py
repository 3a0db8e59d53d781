import keras

from psp_keras.layers.batch_normalization import BatchNormalization
from psp_keras.layers.ir_block import IRBlock
from psp_keras.layers.prelu import PReLU
from psp_keras.layers.symmetric_conv2d import SymmetricConv2D
from psp_keras.ops.checks import check_shape

# Blocks in each of the four stages.
STAGES = {
    10: (1, 1, 1, 1),
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 14, 3),
    100: (3, 13, 30, 3),
    152: (3, 8, 36, 3),
}


@keras.saving.register_keras_serializable(package="psp_keras")
class IRBackbone(keras.layers.Layer):
    """IR or IR-SE network: what ArcFace and every encoder see an image with.

    Args:
        num_layers: 10, 18, 34, 50, 100 or 152.
        squeeze_excite: IR-SE instead of IR.
        width: channels of the first stage, 64 in the published networks; each stage doubles them.

    Input shape: `(N, H, W, C)`.
    Output: list of the feature maps of stages 2 to 4, of stride 4, 8 and 16 and `2, 4, 8 * width` channels.

    Example:
        >>> [x.shape for x in IRBackbone(18, width=8)(np.zeros((1, 64, 64, 3)))]
        [(1, 16, 16, 16), (1, 8, 8, 32), (1, 4, 4, 64)]
    """

    def __init__(self, num_layers=50, squeeze_excite=True, width=64, **kwargs):
        super().__init__(**kwargs)
        if num_layers not in STAGES:
            raise ValueError(f"`num_layers` must be one of {sorted(STAGES)}, got {num_layers}.")
        self.num_layers = num_layers
        self.squeeze_excite = squeeze_excite
        self.width = width

    def build(self, input_shape):
        check_shape("images", input_shape, ("N", "H", "W", "C"))
        policy = self.dtype_policy
        self.input_conv = SymmetricConv2D(self.width, 3, use_bias=False, dtype=policy, name="input_conv")
        self.input_norm = BatchNormalization(dtype=policy, name="input_norm")
        self.input_prelu = PReLU(dtype=policy, name="input_prelu")
        self.stages = [
            [
                IRBlock(
                    self.width * 2**stage,
                    strides=2 if block == 0 else 1,
                    squeeze_excite=self.squeeze_excite,
                    dtype=policy,
                    name=f"stage_{stage + 1}_block_{block}",
                )
                for block in range(blocks)
            ]
            for stage, blocks in enumerate(STAGES[self.num_layers])
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
        batch, height, width, _ = input_shape
        return [
            (batch, _divide(height, stride), _divide(width, stride), self.width * stride // 2) for stride in (4, 8, 16)
        ]

    def get_config(self):
        return {
            **super().get_config(),
            "num_layers": self.num_layers,
            "squeeze_excite": self.squeeze_excite,
            "width": self.width,
        }


def _divide(size, stride):
    return None if size is None else -(-size // stride)
