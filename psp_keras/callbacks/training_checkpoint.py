import os
import sys
from pathlib import Path

import keras
import numpy as np

from psp_keras.atomic_write import atomic_write
from psp_keras.errors import UserError
from psp_keras.typing import PathLike


class TrainingCheckpoint(keras.callbacks.Callback):
    """Saves everything a training needs to go on exactly where it stood, at the end of every epoch.

    That is: weights, optimizer slots, step counters and the state of every random generator. The file is written
    beside its target and renamed, so a kill at any moment leaves a whole checkpoint. The one before is kept beside it,
    such as `checkpoint.previous.npz`, in case the file is damaged later.

    Args:
        path: the checkpoint file, `.npz`.
    """

    def __init__(self, path: PathLike):
        super().__init__()
        self.path = Path(path)
        self._is_whole = False  # whether the file that stands there is worth keeping

    def restore(self, model: keras.Model) -> int:
        """Puts the saved state into `model`, built and compiled.

        Returns:
            Number of finished epochs, 0 without a file.

        Raises:
            UserError: no file is whole, or it belongs to a model of another shape.
        """
        files = checkpoint_files(self.path)
        for path in files:
            if _is_whole(path):
                self._is_whole = path == self.path
                return _restore(model, path)
            print(f"The checkpoint {path} is damaged.", file=sys.stderr)
        if files:
            raise UserError(f"No checkpoint is left in {self.path}: remove it to start from the beginning.")
        return 0

    def on_epoch_end(self, epoch, logs=None):
        arrays = {_key(i): _to_numpy(variable) for i, variable in enumerate(_state(self.model))}
        with atomic_write(self.path) as scratch:
            with open(scratch, "wb") as file:
                np.savez(file, epochs=epoch + 1, **arrays)
            if self._is_whole and self.path.exists():
                os.replace(self.path, _previous(self.path))
        self._is_whole = True


def checkpoint_files(path):
    """The checkpoint `path` and the one before it, as far as they exist, the newer one first."""
    return [file for file in (Path(path), _previous(Path(path))) if file.exists()]


def finished_epochs(path):
    """Number of epochs that the newest whole checkpoint has behind it, 0 without one."""
    for file in checkpoint_files(path):
        if _is_whole(file):
            with np.load(file) as saved:
                return int(saved["epochs"])
    return 0


def _previous(path):
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def _is_whole(path):
    """Whether every array can be read, which a cut or an empty file does not allow."""
    try:
        with open(path, "rb") as file, np.load(file) as saved:  # NumPy leaves a damaged file open that it opened itself
            return "epochs" in saved.files and all(saved[name] is not None for name in saved.files)
    except Exception:  # what a damaged file raises depends on where it is damaged
        return False


def _restore(model, path):
    variables = _state(model)
    with np.load(path) as saved:
        try:
            if len(variables) != len(saved.files) - 1:
                raise ValueError(f"{len(saved.files) - 1} arrays for {len(variables)} variables")
            for i, variable in enumerate(variables):
                if saved[_key(i)].shape != tuple(variable.shape):
                    shape = tuple(variable.shape)
                    raise ValueError(f"{variable.path} has shape {shape}, saved is {saved[_key(i)].shape}")
        except (ValueError, KeyError) as error:
            raise UserError(
                f"The checkpoint {path} does not fit this training ({error}): "
                "use the same options as before, or another output folder."
            ) from error
        for i, variable in enumerate(variables):
            variable.assign(saved[_key(i)])
        return int(saved["epochs"])


def _state(model):
    return [*model.variables, *model.optimizer.variables]


def _key(index):
    # Not the variable's name: Keras numbers those anew in every session.
    return f"{index:04d}"


def _to_numpy(variable):
    value = keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(variable))  # also of mirrored variables
    return value.astype("float32") if variable.dtype == "bfloat16" else value
