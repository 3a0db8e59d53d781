"""Networks built from layers, one public model a file."""

from psp_keras.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "arcface": "ArcFace",
        "encoder": "Encoder",
        "encoder_into_w": "EncoderIntoW",
        "encoder_into_w_plus": "EncoderIntoWPlus",
        "gradual_style_encoder": "GradualStyleEncoder",
        "mapping_network": "MappingNetwork",
        "moco": "MoCo",
        "perceptual_network": "PerceptualNetwork",
        "preset": "PresetModel load_preset",
        "psp": "PSP",
        "style_flow": "StyleFlow",
        "stylegan2_discriminator": "StyleGAN2Discriminator",
        "stylegan2_generator": "StyleGAN2Generator",
        "synthesis_network": "SynthesisNetwork",
        "weighted_loss": "LossBatch LossTerm WeightedLoss",
    },
)
