"""Building blocks, one public layer a file."""

from typing import TYPE_CHECKING

from psp_keras.lazy import lazy_exports

if TYPE_CHECKING:  # what editors see of the names below
    from psp_keras.layers.adain_block import AdaINBlock as AdaINBlock
    from psp_keras.layers.adaptive_augmentation import AdaptiveAugmentation as AdaptiveAugmentation
    from psp_keras.layers.adaptive_instance_norm import AdaptiveInstanceNorm as AdaptiveInstanceNorm
    from psp_keras.layers.basic_block import BasicBlock as BasicBlock
    from psp_keras.layers.batch_normalization import BatchNormalization as BatchNormalization
    from psp_keras.layers.bilinear_upsample2d import BilinearUpsample2D as BilinearUpsample2D
    from psp_keras.layers.bottleneck_block import BottleneckBlock as BottleneckBlock
    from psp_keras.layers.concat_squash_dense import ConcatSquashDense as ConcatSquashDense
    from psp_keras.layers.discriminator_block import DiscriminatorBlock as DiscriminatorBlock
    from psp_keras.layers.equalized_conv2d import EqualizedConv2D as EqualizedConv2D
    from psp_keras.layers.equalized_dense import EqualizedDense as EqualizedDense
    from psp_keras.layers.invertible_normalization import InvertibleNormalization as InvertibleNormalization
    from psp_keras.layers.ir_backbone import IRBackbone as IRBackbone
    from psp_keras.layers.ir_block import IRBlock as IRBlock
    from psp_keras.layers.map2style import Map2Style as Map2Style
    from psp_keras.layers.minibatch_stddev import MinibatchStddev as MinibatchStddev
    from psp_keras.layers.modulated_conv2d import ModulatedConv2D as ModulatedConv2D
    from psp_keras.layers.noise_injection import NoiseInjection as NoiseInjection
    from psp_keras.layers.prelu import PReLU as PReLU
    from psp_keras.layers.resnet_backbone import ResNetBackbone as ResNetBackbone
    from psp_keras.layers.squeeze_excite import SqueezeExcite as SqueezeExcite
    from psp_keras.layers.styled_conv2d import StyledConv2D as StyledConv2D
    from psp_keras.layers.symmetric_conv2d import SymmetricConv2D as SymmetricConv2D
    from psp_keras.layers.to_rgb import ToRGB as ToRGB

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "adain_block": "AdaINBlock",
        "adaptive_augmentation": "AdaptiveAugmentation",
        "adaptive_instance_norm": "AdaptiveInstanceNorm",
        "basic_block": "BasicBlock",
        "batch_normalization": "BatchNormalization",
        "bilinear_upsample2d": "BilinearUpsample2D",
        "bottleneck_block": "BottleneckBlock",
        "concat_squash_dense": "ConcatSquashDense",
        "discriminator_block": "DiscriminatorBlock",
        "equalized_conv2d": "EqualizedConv2D",
        "equalized_dense": "EqualizedDense",
        "invertible_normalization": "InvertibleNormalization",
        "ir_backbone": "IRBackbone",
        "ir_block": "IRBlock",
        "map2style": "Map2Style",
        "minibatch_stddev": "MinibatchStddev",
        "modulated_conv2d": "ModulatedConv2D",
        "noise_injection": "NoiseInjection",
        "prelu": "PReLU",
        "resnet_backbone": "ResNetBackbone",
        "squeeze_excite": "SqueezeExcite",
        "styled_conv2d": "StyledConv2D",
        "symmetric_conv2d": "SymmetricConv2D",
        "to_rgb": "ToRGB",
    },
)
