"""Presets: a directory with `config.json` and `model.weights.h5`."""

import json
import os
import shutil
from pathlib import Path

import h5py
import keras

import psp_keras
from psp_keras.errors import UserError
from psp_keras.presets.registry import find_preset

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.weights.h5"


class PresetModel(keras.Model):
    """A model that presets store and load; the base of every public network that ships weights."""

    def build(self, input_shape=None):
        raise NotImplementedError("A preset model builds without knowing its input.")

    @classmethod
    def from_preset(cls, preset, **overrides):
        """Loads a model from a built-in preset or a preset directory.

        Args:
            preset: a name from `psp_keras.list_presets()` or the path of a directory that `save_to_preset` wrote.
            **overrides: arguments of the constructor to change. `dtype="mixed_bfloat16"` reaches nested networks;
                without it the model takes the global dtype policy, whatever it was trained in.

        Returns:
            The model, with its weights.

        Raises:
            UserError: there is no such preset, it holds another kind of model, or a file in it is damaged.
        """
        directory = find_preset(preset)
        serialized = _read_config(directory)
        if serialized.get("class_name") != cls.__name__:
            raise UserError(f"{directory} holds a {serialized.get('class_name')}, not a {cls.__name__}.")
        if "dtype" in overrides:
            _set_dtype(serialized, overrides["dtype"])
        serialized["config"].update(overrides)
        try:
            model = keras.saving.deserialize_keras_object(serialized)
        except (TypeError, ValueError, KeyError) as error:
            reason = str(error).strip().splitlines()[0]
            raise UserError(f"{directory / CONFIG_FILE} does not describe a {cls.__name__}: {reason}") from error
        if not model.built:
            model.build()
        _load_weights(model, directory / WEIGHTS_FILE)
        return model

    def save_to_preset(self, directory, dtype="float32"):
        """Writes `config.json` and `model.weights.h5`; a preset that stood there is replaced as a whole.

        Args:
            directory: where to write.
            dtype: storage type of the weights, `"float32"` or `"float16"` (half the size, about 3 digits).
        """
        directory = Path(directory)
        scratch = directory.with_name(directory.name + ".writing")
        shutil.rmtree(scratch, ignore_errors=True)
        try:
            scratch.mkdir(parents=True)
            (scratch / CONFIG_FILE).write_text(json.dumps(_describe(self), indent=2) + "\n")
            self.save_weights(scratch / WEIGHTS_FILE)
            if dtype != "float32":
                _recast(scratch / WEIGHTS_FILE, dtype)
            directory.mkdir(exist_ok=True)
            for name in (WEIGHTS_FILE, CONFIG_FILE):
                os.replace(scratch / name, directory / name)
        except OSError as error:
            raise UserError(f"Cannot write the preset {directory}: {error.strerror or error}.") from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def load_preset(preset, **overrides):
    """Loads whatever model a preset holds. See `PresetModel.from_preset`."""
    serialized = _read_config(find_preset(preset))
    cls = getattr(psp_keras.models, serialized.get("class_name", ""), None)
    if cls is None:
        raise UserError(f"The preset {preset} holds an unknown model, {serialized.get('class_name')}.")
    return cls.from_preset(preset, **overrides)


def _describe(model):
    """Serialises a model without what belongs to a session: dtype policies, build and compile arguments."""

    def strip(value):
        if not isinstance(value, dict):
            return value
        return {
            key: strip(item) for key, item in value.items() if key not in ("dtype", "build_config", "compile_config")
        }

    return strip(keras.saving.serialize_keras_object(model))


def _set_dtype(serialized, dtype):
    serialized["config"]["dtype"] = dtype
    for value in serialized["config"].values():
        if isinstance(value, dict) and "registered_name" in value:
            _set_dtype(value, dtype)


def _read_config(directory):
    path = directory / CONFIG_FILE
    try:
        config = json.loads(path.read_text())
        config["config"]["name"]
        return config
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is not a preset's config.json: {error}.") from error
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.") from error


def _load_weights(model, path):
    if not path.is_file():
        raise UserError(f"The preset has no weights: {path} is missing.")
    try:
        model.load_weights(path)
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"The weights file {path} is damaged or belongs to another model: {reason}") from error


def _recast(path, dtype):
    """Rewrites the float32 weights in an h5 file as `dtype`; Keras casts back when it loads them."""
    source = path.with_suffix(".float32")
    os.replace(path, source)
    with h5py.File(source) as old, h5py.File(path, "w") as new:

        def copy(name, item):
            target = new.require_group(name) if isinstance(item, h5py.Group) else None
            if target is None:
                value = item[()]
                target = new.create_dataset(name, data=value.astype(dtype) if value.dtype == "float32" else value)
            for key, attribute in item.attrs.items():
                target.attrs[key] = attribute

        old.visititems(copy)
    source.unlink()
