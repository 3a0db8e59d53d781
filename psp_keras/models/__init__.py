"""Networks built from layers, one public model a file."""

from typing import TYPE_CHECKING

from psp_keras.lazy import lazy_exports

if TYPE_CHECKING:  # what editors see of the names below
    from psp_keras.models.arcface import ArcFace as ArcFace
    from psp_keras.models.blend_generators import blend as blend
    from psp_keras.models.encoder import Encoder as Encoder
    from psp_keras.models.encoder4editing import Encoder4Editing as Encoder4Editing
    from psp_keras.models.encoder_into_w import EncoderIntoW as EncoderIntoW
    from psp_keras.models.encoder_into_w_plus import EncoderIntoWPlus as EncoderIntoWPlus
    from psp_keras.models.generator import Generator as Generator
    from psp_keras.models.gradual_style_encoder import GradualStyleEncoder as GradualStyleEncoder
    from psp_keras.models.latent_adversary import LatentAdversary as LatentAdversary
    from psp_keras.models.latent_discriminator import LatentDiscriminator as LatentDiscriminator
    from psp_keras.models.latent_pool import LatentPool as LatentPool
    from psp_keras.models.mapping_network import MappingNetwork as MappingNetwork
    from psp_keras.models.moco import MoCo as MoCo
    from psp_keras.models.perceptual_network import PerceptualNetwork as PerceptualNetwork
    from psp_keras.models.preset import PresetModel as PresetModel
    from psp_keras.models.progressive_stages import ProgressiveStages as ProgressiveStages
    from psp_keras.models.psp import PSP as PSP
    from psp_keras.models.restyle_encoder import ReStyleEncoder as ReStyleEncoder
    from psp_keras.models.sam_encoder import SAMEncoder as SAMEncoder
    from psp_keras.models.style_flow import StyleFlow as StyleFlow
    from psp_keras.models.stylegan1_generator import StyleGAN1Generator as StyleGAN1Generator
    from psp_keras.models.stylegan1_synthesis_network import StyleGAN1SynthesisNetwork as StyleGAN1SynthesisNetwork
    from psp_keras.models.stylegan2_discriminator import StyleGAN2Discriminator as StyleGAN2Discriminator
    from psp_keras.models.stylegan2_generator import StyleGAN2Generator as StyleGAN2Generator
    from psp_keras.models.synthesis import Synthesis as Synthesis
    from psp_keras.models.synthesis_network import SynthesisNetwork as SynthesisNetwork
    from psp_keras.models.weighted_loss import LossBatch as LossBatch
    from psp_keras.models.weighted_loss import LossTerm as LossTerm
    from psp_keras.models.weighted_loss import WeightedLoss as WeightedLoss

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "arcface": "ArcFace",
        "blend_generators": "blend",
        "encoder": "Encoder",
        "encoder4editing": "Encoder4Editing",
        "encoder_into_w": "EncoderIntoW",
        "encoder_into_w_plus": "EncoderIntoWPlus",
        "generator": "Generator",
        "gradual_style_encoder": "GradualStyleEncoder",
        "latent_adversary": "LatentAdversary",
        "latent_discriminator": "LatentDiscriminator",
        "latent_pool": "LatentPool",
        "mapping_network": "MappingNetwork",
        "moco": "MoCo",
        "perceptual_network": "PerceptualNetwork",
        "preset": "PresetModel",
        "progressive_stages": "ProgressiveStages",
        "psp": "PSP",
        "restyle_encoder": "ReStyleEncoder",
        "sam_encoder": "SAMEncoder",
        "style_flow": "StyleFlow",
        "stylegan1_generator": "StyleGAN1Generator",
        "stylegan1_synthesis_network": "StyleGAN1SynthesisNetwork",
        "stylegan2_discriminator": "StyleGAN2Discriminator",
        "stylegan2_generator": "StyleGAN2Generator",
        "synthesis": "Synthesis",
        "synthesis_network": "SynthesisNetwork",
        "weighted_loss": "LossBatch LossTerm WeightedLoss",
    },
)
