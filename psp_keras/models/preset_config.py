"""The `config.json` of a preset, checked before anything is made of it: it may come from anywhere.

It stands here rather than in `presets/` since it is the models that say which classes are networks of ours.
"""

import json
import reprlib

import keras

import psp_keras
from psp_keras.errors import UserError
from psp_keras.presets.registry import CONFIG_FILE

# What Keras writes into a description but belongs to a session: dtype policies, what is frozen, compile arguments.
OF_A_SESSION = ("dtype", "trainable", "build_config", "compile_config")


def read_config(directory):
    """Reads the description of a preset's model.

    Every class that it names is a network of psp_keras, so that making the model runs nothing else.

    Args:
        directory: the preset.

    Returns:
        Dictionary that Keras can deserialise, and under `parts` the presets that hold the weights of its parts.

    Raises:
        UserError: the file cannot be read, or describes no model of ours.
    """
    path = directory / CONFIG_FILE
    try:
        config = json.loads(path.read_text("utf-8"))
        _check_networks(config)
        _check_parts(config)
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.") from error
    except RecursionError as error:
        raise UserError(f"{path} is nested too deep to be a preset's config.json.") from error
    except ValueError as error:
        raise UserError(f"{path} is not a preset's config.json: {error}") from error
    return config


def find_network(class_name):
    """Returns the class of a network by its name, `None` where we have no such network."""
    network = getattr(psp_keras.models, class_name, None) if isinstance(class_name, str) else None
    return network if isinstance(network, type) and issubclass(network, keras.Model) else None


def _check_networks(config):
    if not isinstance(config, dict) or not isinstance(config.get("config"), dict):
        raise ValueError("it describes no model.")
    if not isinstance(config["config"].get("name"), str):
        raise ValueError("the model has no name.")
    _check_classes(config, "the model")


def _check_classes(value, where):
    """Checks every class in a description, and removes what belongs to a session."""
    if isinstance(value, list):
        for item in value:
            _check_classes(item, where)
    if not isinstance(value, dict):
        return
    for key in OF_A_SESSION:
        value.pop(key, None)
    if {"class_name", "registered_name", "module"} & value.keys() or where == "the model":
        name = value.get("class_name")
        # Looking for the class imports it, and Keras then finds it by its registered name and imports nothing.
        if find_network(name) is None or value.get("registered_name") != f"psp_keras>{name}":
            raise ValueError(f"{where} is a {reprlib.repr(name)}, which is no network of psp_keras.")
    for key, item in value.items():
        _check_classes(item, f"`{key}`")


def _check_parts(config):
    parts = config.setdefault("parts", {})
    if not isinstance(parts, dict):
        raise ValueError(f"`parts` must name presets by the part, got {reprlib.repr(parts)}.")
    for name, preset in parts.items():
        if not isinstance(preset, str) or not preset:
            raise ValueError(f"`parts` must give the name of a preset for {name}, got {reprlib.repr(preset)}.")
        if not isinstance(config["config"].get(name), dict) or "class_name" not in config["config"][name]:
            raise ValueError(f"`parts` names {reprlib.repr(name)}, which is no network of the model.")
