import zipfile
from pathlib import Path

import keras
import numpy as np

from psp_keras.atomic_write import atomic_write
from psp_keras.errors import UserError


class TrainingCheckpoint(keras.callbacks.Callback):
    """Saves everything a training needs to go on exactly where it stood, at the end of every epoch.

    That is: weights, optimizer slots, step counters and the state of every random generator. The file is written
    beside its target and renamed, so a kill at any moment leaves the last whole checkpoint.

    Args:
        path: the checkpoint file, `.npz`.
    """

    def __init__(self, path):
        super().__init__()
        self.path = Path(path)

    def restore(self, model):
        """Puts the saved state into `model`, built and compiled.

        Returns:
            Number of finished epochs, 0 without a file.

        Raises:
            UserError: the file is damaged or belongs to a model of another shape.
        """
        if not self.path.exists():
            return 0
        try:
            with np.load(self.path) as saved:
                self._assign(model, saved)
                return int(saved["epochs"])
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise UserError(
                f"The checkpoint {self.path} does not fit this training ({error}): "
                "use the same options as before, or another output folder."
            ) from error

    def on_epoch_end(self, epoch, logs=None):
        arrays = {_key(i): _to_numpy(variable) for i, variable in enumerate(_state(self.model))}
        with atomic_write(self.path) as scratch, open(scratch, "wb") as file:
            np.savez(file, epochs=epoch + 1, **arrays)

    @staticmethod
    def _assign(model, saved):
        variables = _state(model)
        if len(variables) != len(saved.files) - 1:
            raise ValueError(f"{len(saved.files) - 1} arrays for {len(variables)} variables")
        for i, variable in enumerate(variables):
            value = saved[_key(i)]
            if value.shape != tuple(variable.shape):
                raise ValueError(f"{variable.path} has shape {tuple(variable.shape)}, saved is {value.shape}")
        for i, variable in enumerate(variables):
            variable.assign(saved[_key(i)])


def _state(model):
    optimizers = getattr(model, "optimizers", None) or [model.optimizer]
    return [*model.variables, *(variable for optimizer in optimizers for variable in optimizer.variables)]


def _key(index):
    # Not the variable's name: Keras numbers those anew in every session.
    return f"{index:04d}"


def _to_numpy(variable):
    value = keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(variable))  # also of mirrored variables
    return value.astype("float32") if variable.dtype == "bfloat16" else value
