"""Presets: a directory with `config.json` and `model.weights.h5`."""

import collections
import json
import math
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any, Self

import h5py
import keras
import numpy as np

from psp_keras.atomic_write import atomic_write, reserve
from psp_keras.check_output import check_replaceable
from psp_keras.dtypes import resolve_dtype
from psp_keras.errors import UserError
from psp_keras.models.preset_config import OF_A_SESSION, find_network, read_config
from psp_keras.presets.packed_weights import largest_size, pack, unpack
from psp_keras.presets.registry import CONFIG_FILE, WEIGHTS_FILE, find_preset
from psp_keras.typing import PathLike

_UNPACKED_FILE = f"whole.{WEIGHTS_FILE}"
_OPTIMIZER = "optimizer"  # what Keras saves of it: no part of a preset, though older ones have it


class PresetModel(keras.Model):
    """A model that presets store and load; the base of every public network that ships weights.

    Example:
        >>> network = psp_keras.models.ArcFace.from_preset("mini_faces_arcface")
        >>> isinstance(network, PresetModel)
        True
        >>> network.save_to_preset("arcface", dtype="float16")
        >>> type(from_preset("arcface")).__name__
        'ArcFace'
    """

    def build(self, input_shape=None):
        raise NotImplementedError("A preset model builds without knowing its input.")

    @classmethod
    def from_preset(cls, preset: PathLike, **overrides: Any) -> Self:
        """Loads a model from a built-in preset or a preset directory.

        Args:
            preset: a name from `psp_keras.list_presets()` or the path of a directory that `save_to_preset` wrote.
            **overrides: arguments of the constructor to change. `dtype` reaches nested networks; `dtype="auto"` is
                bfloat16 where the hardware has it, see `resolve_dtype`. Without it the model takes the global dtype
                policy, whatever it was trained in.

        Returns:
            The model, with its weights.

        Raises:
            UserError: there is no such preset, it holds another kind of model, or a file in it is damaged.
        """
        directory = find_preset(preset)
        serialized = read_config(directory)
        parts = _find_parts(directory, serialized)
        if not issubclass(find_network(serialized["class_name"]), cls):
            raise UserError(f"{directory} holds a {serialized['class_name']}, not a {cls.__name__}.")
        if "dtype" in overrides:
            overrides["dtype"] = resolve_dtype(overrides["dtype"])
            _set_dtype(serialized, overrides["dtype"])
        serialized["config"].update(overrides)
        try:
            model = keras.saving.deserialize_keras_object(serialized)
            if not model.built:
                model.build()
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
            raise UserError(f"{directory / CONFIG_FILE} does not describe a {cls.__name__}: {_line(error)}") from error
        _load_weights(model, directory / WEIGHTS_FILE, parts)
        return model

    def save_to_preset(self, directory: PathLike, dtype: str = "float32", parts: dict[str, str] | None = None) -> None:
        """Writes `config.json` and `model.weights.h5`; a preset that stood there is replaced as a whole.

        Other files in it, such as a model card, are kept.

        Args:
            directory: where to write.
            dtype: storage type of the weights: `"float32"`, `"float16"` (half the size, about 3 digits) or `"int8"` (a
                quarter, 127 steps in each output channel).
            parts: networks that another preset holds already and whose weights are left out, such as
                `{"generator": "mini_faces_stylegan2"}`; loading fetches them from there.

        Raises:
            UserError: the directory cannot be written or holds something else, or a part differs from what its preset
                holds.
        """
        directory, parts = Path(directory), parts or {}
        check_preset_output(directory)
        for name, preset in parts.items():
            _check_part(getattr(self, name), preset)
        with atomic_write(directory) as scratch:
            if directory.is_dir():
                _copy_others(directory, scratch)
            scratch.mkdir(exist_ok=True)
            (scratch / CONFIG_FILE).write_text(json.dumps({**_describe(self), "parts": parts}, indent=2) + "\n")
            is_packed = dtype != "float32" or parts or getattr(self, "optimizer", None)
            whole = scratch / (_UNPACKED_FILE if is_packed else WEIGHTS_FILE)
            reserve(whole, largest_size(self.weights))
            self.save_weights(whole)
            if is_packed:
                pack(whole, scratch / WEIGHTS_FILE, dtype, leave_out=(*parts, _OPTIMIZER))
                whole.unlink()


def from_preset(preset: PathLike, **overrides: Any) -> PresetModel:
    """Loads whatever model a preset holds. See `PresetModel.from_preset`.

    Raises:
        UserError: there is no such preset, it holds no whole model, or a file in it is damaged.
    """
    cls = find_network(read_config(find_preset(preset))["class_name"])
    if not issubclass(cls, PresetModel):
        raise UserError(f"The preset {preset} holds a {cls.__name__}, which is no whole model.")
    return cls.from_preset(preset, **overrides)


def check_preset_output(directory: PathLike) -> None:
    """Raises a `UserError` where `save_to_preset` would replace something that is no preset."""
    check_replaceable(directory, _is_preset, "preset")


def _is_preset(folder):
    return (folder / CONFIG_FILE).is_file() and (folder / WEIGHTS_FILE).is_file()


def _copy_others(directory, target):
    def ignore(folder, names):
        return [CONFIG_FILE, WEIGHTS_FILE] if folder == str(directory) else []

    shutil.copytree(directory, target, symlinks=True, ignore=ignore)


def _describe(model):
    """Serialises a model without what belongs to a session."""

    def strip(value):
        if not isinstance(value, dict):
            return value
        return {key: strip(item) for key, item in value.items() if key not in OF_A_SESSION}

    return strip(keras.saving.serialize_keras_object(model))


def _set_dtype(serialized, dtype):
    serialized["config"]["dtype"] = dtype
    for value in serialized["config"].values():
        if isinstance(value, dict) and "registered_name" in value:
            _set_dtype(value, dtype)


def _find_parts(directory, serialized):
    """Takes the parts out of a description; returns the directory of each one's preset.

    A part is a network inside the model, and what its preset holds is of the same class: so no preset leads to itself.
    """
    found = {}
    for name, preset in serialized.pop("parts").items():
        found[name] = find_preset(preset)
        wanted, held = serialized["config"][name]["class_name"], read_config(found[name])["class_name"]
        if held != wanted:
            raise UserError(f"{directory} takes its {name}, a {wanted}, from {found[name]}, which holds a {held}.")
    return found


def _load_weights(model, path, parts):
    if not path.is_file():
        raise UserError(f"The preset has no weights: {path} is missing.")
    try:
        with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what does not fit is an error below, in one line
            weights = unpack(path, parts, Path(scratch) / WEIGHTS_FILE)
            _check_arrays(model, weights)
            model.load_weights(weights)
    except UserError:
        raise
    except (OSError, KeyError, ValueError, RuntimeError, TypeError, AttributeError, MemoryError) as error:
        raise UserError(f"The weights file {path} is damaged or belongs to another model: {_line(error)}") from error


def _check_arrays(model, path):
    """Raises a `ValueError` unless a weights file holds arrays of the shapes that a model has."""
    found = collections.Counter()

    def count(name, item):
        if isinstance(item, h5py.Dataset) and name.split("/")[0] != _OPTIMIZER:
            found[item.shape] += 1

    with h5py.File(path) as file:
        file.visititems(count)
    wanted = collections.Counter(tuple(weight.shape) for weight in model.weights)
    if found != wanted:
        amounts = [f"{counts.total()} arrays, {_numbers(counts)} numbers" for counts in (found, wanted)]
        raise ValueError(f"{amounts[0]} in it do not fit the {type(model).__name__} with {amounts[1]}.")


def _numbers(counts):
    return sum(count * math.prod(shape or ()) for shape, count in counts.items())


def _line(error):
    """The first line of an error's message."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _check_part(network, preset):
    """Raises a `UserError` unless a preset holds these weights, to the precision of float16."""
    stored = from_preset(preset)
    pairs = [[keras.ops.convert_to_numpy(v) for v in pair] for pair in zip(network.weights, stored.weights)]
    if not all(one.shape == other.shape and np.allclose(one, other, 2e-3, 1e-3) for one, other in pairs):
        raise UserError(f"The preset {preset} does not hold the weights of {network.name}.")
