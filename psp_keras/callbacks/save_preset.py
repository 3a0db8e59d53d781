from pathlib import Path

import keras

from psp_keras.typing import PathLike


class SavePreset(keras.callbacks.Callback):
    """Writes the model as a preset at the end of every epoch: `last/`, and `best/` by a validation metric.

    Args:
        folder: where `last/` and `best/` go.
        monitor: the metric whose smallest value is best.
        best_so_far: its value before this training, when resuming.
    """

    def __init__(self, folder: PathLike, monitor: str = "val_loss", best_so_far: float = float("inf")):
        super().__init__()
        self.folder = Path(folder)
        self.monitor = monitor
        self.best = best_so_far

    def on_epoch_end(self, epoch, logs=None):
        self.model.save_to_preset(self.folder / "last")
        value = (logs or {}).get(self.monitor, float("inf"))
        if value < self.best:
            self.best = value
            self.model.save_to_preset(self.folder / "best")
