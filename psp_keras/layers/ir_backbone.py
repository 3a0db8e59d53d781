import keras

from psp_keras.layers.backbone import Backbone
from psp_keras.layers.ir_block import IRBlock
from psp_keras.layers.symmetric_conv2d import SymmetricConv2D

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
class IRBackbone(Backbone):
    """IR or IR-SE network: what ArcFace and every encoder see an image with.

    Args:
        num_layers: 10, 18, 34, 50, 100 or 152.
        squeeze_excite: IR-SE instead of IR.
        width: channels of the first stage, 64 in the published networks; each stage doubles them.

    Input shape: `(N, H, W, C)`.
    Output: list of the feature maps of stages 2 to 4, of stride 4, 8 and 16 and `2, 4, 8 * width` channels.

    Raises:
        ValueError: there is no backbone of this depth.

    Example:
        >>> [x.shape for x in IRBackbone(18, width=8)(np.zeros((1, 64, 64, 3)))]
        [(1, 16, 16, 16), (1, 8, 8, 32), (1, 4, 4, 64)]
    """

    def __init__(self, num_layers=50, squeeze_excite=True, width=64, **kwargs):
        if num_layers not in STAGES:
            raise ValueError(f"`num_layers` must be one of {sorted(STAGES)}, got {num_layers}.")
        super().__init__(STAGES[num_layers], width, **kwargs)
        self.num_layers = num_layers
        self.squeeze_excite = squeeze_excite

    def make_input_conv(self, **options):
        return SymmetricConv2D(self.width, 3, use_bias=False, **options)

    def make_block(self, filters, stage, block, **options):
        return IRBlock(filters, strides=2 if block == 0 else 1, squeeze_excite=self.squeeze_excite, **options)

    def get_config(self):
        return {**super().get_config(), "num_layers": self.num_layers, "squeeze_excite": self.squeeze_excite}
