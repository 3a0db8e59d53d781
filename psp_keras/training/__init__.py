"""What trains a pSp encoder, a StyleGAN2 generator, an ArcFace and a VGG."""

from typing import TYPE_CHECKING

from psp_keras.lazy import lazy_exports

if TYPE_CHECKING:  # what editors see of the names below
    from psp_keras.training.anchored_gan_trainer import AnchoredGANTrainer as AnchoredGANTrainer
    from psp_keras.training.arcface import measure_arcface as measure_arcface
    from psp_keras.training.arcface import train_arcface as train_arcface
    from psp_keras.training.arcface_trainer import ArcFaceTrainer as ArcFaceTrainer
    from psp_keras.training.devices import on_devices as on_devices
    from psp_keras.training.devices import synchronize_batch_norm as synchronize_batch_norm
    from psp_keras.training.gan import train_gan as train_gan
    from psp_keras.training.gan_trainer import GANTrainer as GANTrainer
    from psp_keras.training.options import ArcFaceOptions as ArcFaceOptions
    from psp_keras.training.options import GANOptions as GANOptions
    from psp_keras.training.options import PSPOptions as PSPOptions
    from psp_keras.training.options import RendererOptions as RendererOptions
    from psp_keras.training.options import VGGOptions as VGGOptions
    from psp_keras.training.psp import train_psp as train_psp
    from psp_keras.training.renderer import train_renderer as train_renderer
    from psp_keras.training.renderer_trainer import RendererTrainer as RendererTrainer
    from psp_keras.training.vgg import train_vgg as train_vgg

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "anchored_gan_trainer": "AnchoredGANTrainer",
        "arcface_trainer": "ArcFaceTrainer",
        "gan_trainer": "GANTrainer",
        "renderer_trainer": "RendererTrainer",
        "arcface": "train_arcface measure_arcface",
        "devices": "on_devices synchronize_batch_norm",
        "gan": "train_gan",
        "options": "ArcFaceOptions GANOptions PSPOptions RendererOptions VGGOptions",
        "psp": "train_psp",
        "renderer": "train_renderer",
        "vgg": "train_vgg",
    },
)
