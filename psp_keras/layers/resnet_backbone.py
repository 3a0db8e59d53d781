import keras

from psp_keras.layers.backbone import Backbone
from psp_keras.layers.basic_block import BasicBlock
from psp_keras.layers.symmetric_conv2d import SymmetricConv2D

# Blocks in each of the four stages.
RESNET_STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


@keras.saving.register_keras_serializable(package="psp_keras")
class ResNetBackbone(Backbone):
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
        if num_layers not in RESNET_STAGES:
            raise ValueError(f"`num_layers` of a ResNet must be one of {sorted(RESNET_STAGES)}, got {num_layers}.")
        super().__init__(RESNET_STAGES[num_layers], width, **kwargs)
        self.num_layers = num_layers

    def make_input_conv(self, **options):
        return SymmetricConv2D(self.width, 7, strides=2, use_bias=False, **options)

    def make_block(self, filters, stage, block, **options):
        return BasicBlock(filters, strides=2 if stage and not block else 1, **options)

    def get_config(self):
        return {**super().get_config(), "num_layers": self.num_layers}
