"""What happens at the end of an epoch: checkpoints, logs, pictures."""

from typing import TYPE_CHECKING

from psp_keras.lazy import lazy_exports

if TYPE_CHECKING:  # what editors see of the names below
    from psp_keras.callbacks.csv_log import ResumableCSVLog as ResumableCSVLog
    from psp_keras.callbacks.generator_quality import GeneratorQuality as GeneratorQuality
    from psp_keras.callbacks.sample_grid import SampleGrid as SampleGrid
    from psp_keras.callbacks.save_preset import SavePreset as SavePreset
    from psp_keras.callbacks.tensorboard_log import TensorBoardLog as TensorBoardLog
    from psp_keras.callbacks.training_checkpoint import TrainingCheckpoint as TrainingCheckpoint
    from psp_keras.callbacks.translation_grid import TranslationGrid as TranslationGrid
    from psp_keras.callbacks.wandb_best_model import WandbBestModel as WandbBestModel
    from psp_keras.callbacks.wandb_losses import WandbLosses as WandbLosses
    from psp_keras.callbacks.wandb_run import start_wandb as start_wandb
    from psp_keras.callbacks.wandb_translations import WandbTranslations as WandbTranslations

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "csv_log": "ResumableCSVLog",
        "generator_quality": "GeneratorQuality",
        "sample_grid": "SampleGrid",
        "save_preset": "SavePreset",
        "tensorboard_log": "TensorBoardLog",
        "training_checkpoint": "TrainingCheckpoint",
        "translation_grid": "TranslationGrid",
        "wandb_best_model": "WandbBestModel",
        "wandb_losses": "WandbLosses",
        "wandb_run": "start_wandb",
        "wandb_translations": "WandbTranslations",
    },
)
