import keras

from psp_keras.layers.batch_normalization import BatchNormalization
from psp_keras.layers.prelu import PReLU
from psp_keras.ops.checks import check_shape


class Backbone(keras.layers.Layer):
    """What the backbones of encoders share: a convolution, and four stages of residual blocks.

    Subclasses say what they are made of, in `make_input_conv` and `make_block`.

    Args:
        blocks: blocks in each of the four stages.
        width: channels of the first stage; each stage doubles them.

    Input shape: `(N, H, W, C)`.
    Output: list of the feature maps of stages 2 to 4, of stride 4, 8 and 16 and `2, 4, 8 * width` channels.
    """

    def __init__(self, blocks, width, **kwargs):
        super().__init__(**kwargs)
        self._blocks = blocks
        self.width = width

    def make_input_conv(self, **options):
        """Returns the first convolution; the options are its name and dtype policy."""
        raise NotImplementedError

    def make_block(self, filters, stage, block, **options):
        """Returns a residual block by its stage and its place there; the options are its name and dtype policy."""
        raise NotImplementedError

    def build(self, input_shape):
        check_shape("images", input_shape, ("N", "H", "W", "C"))
        policy = self.dtype_policy
        self.input_conv = self.make_input_conv(dtype=policy, name="input_conv")
        self.input_norm = BatchNormalization(dtype=policy, name="input_norm")
        self.input_prelu = PReLU(dtype=policy, name="input_prelu")
        self.stages = [
            [
                self.make_block(
                    self.width * 2**stage, stage, block, dtype=policy, name=f"stage_{stage + 1}_block_{block}"
                )
                for block in range(count)
            ]
            for stage, count in enumerate(self._blocks)
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
        return {**super().get_config(), "width": self.width}


def _divide(size, stride):
    return None if size is None else -(-size // stride)
