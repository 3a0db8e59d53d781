"""pixel2style2pixel for Keras 3: faces into the latent space of StyleGAN2, and out as something else."""

from psp_keras.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "callbacks": "callbacks",
        "data": "data",
        "editing": "editing",
        "errors": "UserError",
        "evaluation": "evaluation",
        "layers": "layers",
        "losses": "losses",
        "models": "models PSP",
        "optimizers": "optimizers",
        "presets": "presets list_presets",
        "serving": "serving",
        "tasks": "tasks",
        "training": "training",
    },
)

__version__ = "0.1.0"
