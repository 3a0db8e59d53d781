from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from psp_keras.callbacks.loss_names import named_losses
from psp_keras.callbacks.translation_grid import draw_translations
from psp_keras.data.image_files import to_uint8
from psp_keras.errors import UserError
from psp_keras.typing import PathLike, Tensor


class TensorBoardLog(keras.callbacks.Callback):
    """Writes every loss term against the global step, and a grid of source, target and output an epoch.

    Args:
        folder: where the event files go: `tensorboard --logdir FOLDER` shows them.
        source: encoder inputs `(N, H, W, C)`.
        target: wanted images `(N, S, S, 3)` in [-1, 1].
        to_pictures: function that turns sources into uint8 RGB, such as `Segmentation.to_pictures`.
        every: steps between two training losses.

    Raises:
        UserError: TensorBoard is not installed.
    """

    def __init__(
        self,
        folder: PathLike,
        source: Tensor,
        target: Tensor,
        to_pictures: Callable[[Tensor], np.ndarray] = to_uint8,
        every: int = 50,
    ):
        super().__init__()
        self.source = source
        self.target = target
        self.to_pictures = to_pictures
        self.every = every
        try:
            import tensorflow as tf

            tf.summary.scalar  # noqa: B018 - TensorFlow imports TensorBoard here, and fails without it
        except ImportError as error:
            raise UserError("TensorBoard is not installed: pip install 'psp-keras[tensorboard]'.") from error
        self._summary = tf.summary
        self._writer = tf.summary.create_file_writer(str(Path(folder)))

    def on_train_batch_end(self, batch, logs=None):
        step = int(self.model.optimizer.iterations)
        if step % self.every == 0:
            self._write(step, logs)

    def on_epoch_end(self, epoch, logs=None):
        step = int(self.model.optimizer.iterations)
        self._write(step, logs)
        grid = draw_translations(self.model, self.source, self.target, self.to_pictures)
        with self._writer.as_default():
            self._summary.image("translations", grid[None], step=step)
        self._writer.flush()

    def _write(self, step, logs):
        with self._writer.as_default():
            for name, value in named_losses(logs).items():
                self._summary.scalar(name, value, step=step)
