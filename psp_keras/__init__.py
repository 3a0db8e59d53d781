"""pixel2style2pixel for Keras 3: faces into the latent space of StyleGAN2, and out as something else."""

from typing import TYPE_CHECKING

from psp_keras.lazy import lazy_exports

if TYPE_CHECKING:  # what editors see of the names below
    from psp_keras import callbacks as callbacks
    from psp_keras import data as data
    from psp_keras import editing as editing
    from psp_keras import evaluation as evaluation
    from psp_keras import layers as layers
    from psp_keras import losses as losses
    from psp_keras import models as models
    from psp_keras import optimizers as optimizers
    from psp_keras import presets as presets
    from psp_keras import serving as serving
    from psp_keras import tasks as tasks
    from psp_keras import training as training
    from psp_keras.errors import UserError as UserError
    from psp_keras.models import PSP as PSP
    from psp_keras.presets import list_presets as list_presets

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
        "models.preset": "from_preset",
        "optimizers": "optimizers",
        "presets": "presets list_presets",
        "serving": "serving",
        "tasks": "tasks",
        "training": "training",
    },
)

__version__ = "0.1.0"
