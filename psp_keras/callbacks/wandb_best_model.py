import time
from pathlib import Path

import wandb
from wandb.integration.keras import WandbModelCheckpoint

from psp_keras.callbacks.steps import finished_steps
from psp_keras.callbacks.wandb_run import safely
from psp_keras.typing import PathLike


class WandbBestModel(WandbModelCheckpoint):
    """Logs `best/`, which `SavePreset` writes, as an artifact whenever it is new; its step and time go to the summary.

    Place it after `SavePreset` in the list of callbacks.

    Args:
        folder: the run folder.
        monitor: the metric whose smallest value is best.
        best_so_far: its value before this training, when resuming.

    Raises:
        wandb.Error: no W&B run has been started.
    """

    def __init__(self, folder: PathLike, monitor: str = "val_loss", best_so_far: float = float("inf")):
        # The file name is never written: the preset takes its place.
        super().__init__(
            str(Path(folder) / "{epoch}.keras"),
            monitor=monitor,
            mode="min",
            save_best_only=True,
            initial_value_threshold=best_so_far,
        )
        self.folder = Path(folder)
        self.began = time.time()

    def on_epoch_end(self, epoch, logs=None):
        value = (logs or {}).get(self.monitor)
        if value is None or not value < self.best:
            return
        self.best = value
        step = finished_steps(self.model)
        safely(self._log_ckpt_as_artifact, str(self.folder / "best"), aliases=["latest", "best", f"step_{step}"])
        safely(
            wandb.run.summary.update,
            {"best_step": step, "best_seconds": time.time() - self.began, f"best_{self.monitor}": float(value)},
        )
