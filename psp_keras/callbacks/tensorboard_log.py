from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from psp_keras.callbacks.loss_names import named_losses
from psp_keras.callbacks.steps import finished_steps
from psp_keras.errors import UserError
from psp_keras.typing import PathLike


class TensorBoardLog(keras.callbacks.Callback):
    """Writes every loss term against the global step, and a picture an epoch.

    Args:
        folder: where the event files go: `tensorboard --logdir FOLDER` shows them.
        draw: function of the model, to a uint8 picture `(H, W, 3)`, such as a grid of translations.
        title: what the picture shows.
        every: steps between two training losses.

    Raises:
        UserError: TensorBoard is not installed.
    """

    def __init__(
        self,
        folder: PathLike,
        draw: Callable[[keras.Model], np.ndarray],
        title: str = "translations",
        every: int = 50,
    ):
        super().__init__()
        self.draw = draw
        self.title = title
        self.every = every
        try:
            import tensorflow as tf

            tf.summary.scalar  # noqa: B018 - TensorFlow imports TensorBoard here, and fails without it
        except ImportError as error:
            raise UserError("TensorBoard is not installed: pip install 'psp-keras[tensorboard]'.") from error
        self._summary = tf.summary
        self._writer = tf.summary.create_file_writer(str(Path(folder)))

    def on_train_batch_end(self, batch, logs=None):
        step = finished_steps(self.model)
        if step % self.every == 0:
            self._write(step, logs)

    def on_epoch_end(self, epoch, logs=None):
        step = finished_steps(self.model)
        self._write(step, logs)
        with self._writer.as_default():
            self._summary.image(self.title, self.draw(self.model)[None], step=step)
        self._writer.flush()

    def _write(self, step, logs):
        with self._writer.as_default():
            for name, value in named_losses(logs).items():
                self._summary.scalar(name, value, step=step)
