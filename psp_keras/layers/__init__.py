"""Building blocks, one public layer a file."""

from psp_keras.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
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
        "squeeze_excite": "SqueezeExcite",
        "styled_conv2d": "StyledConv2D",
        "symmetric_conv2d": "SymmetricConv2D",
        "to_rgb": "ToRGB",
    },
)
