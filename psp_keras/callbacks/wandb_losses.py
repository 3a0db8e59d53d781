import wandb
from wandb.integration.keras import WandbMetricsLogger

from psp_keras.callbacks.loss_names import named_losses
from psp_keras.callbacks.steps import finished_steps
from psp_keras.callbacks.wandb_run import safely


class WandbLosses(WandbMetricsLogger):
    """Logs every loss term for train and test against the global step: `train_loss_lpips`, `test_loss_w_norm`, ...

    Args:
        every: steps between two lines of training losses; test losses come with each validation.

    Raises:
        wandb.Error: no W&B run has been started.

    Example:
        >>> with wandb.init(project="faces", mode="disabled"):  # without `mode`, it goes to wandb.ai
        ...     callbacks = [WandbLosses(every=100)]  # of `model.fit`
    """

    def __init__(self, every: int = 50):
        super().__init__(log_freq=every)
        wandb.define_metric("*", step_metric="global_step")

    def on_batch_end(self, batch, logs=None):
        step = finished_steps(self.model)
        if step % self.log_freq == 0:
            self._log(step, logs)

    def on_epoch_end(self, epoch, logs=None):
        self._log(finished_steps(self.model), logs)

    def _log(self, step, logs):
        safely(wandb.log, {**named_losses(logs), "learning_rate": self._get_lr(), "global_step": step})
