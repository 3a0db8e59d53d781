"""What trains a pSp encoder, a StyleGAN2 generator, an ArcFace and a VGG."""

from psp_keras.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "arcface_trainer": "ArcFaceTrainer",
        "gan_trainer": "GANTrainer",
        "arcface": "train_arcface measure_arcface",
        "devices": "on_devices synchronize_batch_norm",
        "gan": "train_gan",
        "options": "ArcFaceOptions GANOptions PSPOptions VGGOptions",
        "psp": "train_psp",
        "vgg": "train_vgg",
    },
)
