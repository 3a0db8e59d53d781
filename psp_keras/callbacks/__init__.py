"""What happens at the end of an epoch: checkpoints, logs, pictures."""

from psp_keras.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "csv_log": "ResumableCSVLog",
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
