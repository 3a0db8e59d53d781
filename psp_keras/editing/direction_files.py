"""Folders of directions: `directions.npz` with the numbers, and `directions.json` with what they are."""

import dataclasses
import json
from pathlib import Path

import numpy as np

from psp_keras.atomic_write import atomic_write, whole_folder
from psp_keras.check_output import check_replaceable
from psp_keras.editing.array_files import read_npz
from psp_keras.editing.direction import Direction
from psp_keras.editing.known_generator import KnownGenerator
from psp_keras.errors import UserError

_ARRAYS, _DESCRIPTIONS = "directions.npz", "directions.json"
_FORMAT = 1


def save_directions(path, directions):
    """Writes a folder of directions, whole or not at all.

    Args:
        path: the folder; one of directions is replaced.
        directions: `Direction`s, or a dictionary of them by name.

    Raises:
        UserError: two have one name, or the folder holds something else.

    Example:
        >>> save_directions("mine", [Direction("smile", np.ones(128), styles=[4, 5], method="by hand")])
        >>> load_directions("mine")["smile"].styles
        (4, 5)
    """
    directions = list(directions.values() if isinstance(directions, dict) else directions)
    names = [direction.name for direction in directions]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UserError(f"Two directions are called {twice[0]}: rename one of them.")
    check_directions_output(path)
    arrays = {f"step/{direction.name}": direction.step for direction in directions}
    arrays |= {f"center/{direction.name}": direction.center for direction in directions if direction.center is not None}
    described = {direction.name: _describe(direction) for direction in directions}
    with atomic_write(path) as scratch:
        scratch.mkdir()
        np.savez(scratch / _ARRAYS, **arrays)
        (scratch / _DESCRIPTIONS).write_text(json.dumps({"format": _FORMAT, "directions": described}, indent=1) + "\n")


def check_directions_output(path):
    """Raises a `UserError` where `save_directions` would replace a folder of something else."""
    check_replaceable(path, lambda folder: (folder / _DESCRIPTIONS).is_file(), "directions")


def load_directions(path):
    """Reads a folder of directions.

    Args:
        path: the folder.

    Returns:
        `{name: Direction}`.

    Raises:
        UserError: there is no such folder, or a file in it is damaged.
    """
    folder = whole_folder(path)
    if not (folder / _DESCRIPTIONS).is_file():
        raise UserError(f"{path} holds no directions: `psp-keras directions` makes such folders.")
    described = _read_descriptions(folder / _DESCRIPTIONS)
    try:
        names = [f"step/{name}" for name in described]
        names += [f"center/{name}" for name, fields in described.items() if fields.pop("centered")]
        arrays = read_npz(folder / _ARRAYS, names)
        return {
            name: Direction(
                name,
                arrays[f"step/{name}"],
                center=arrays.get(f"center/{name}"),
                generator=KnownGenerator(**generator) if (generator := fields.pop("generator")) else None,
                **fields,
            )
            for name, fields in described.items()
        }
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{folder / _DESCRIPTIONS} lacks a field or has one too many: {error}.") from error


def find_direction(place):
    """Returns the direction `folder/name`, or the only one in a folder.

    Raises:
        UserError: there is none, or a folder holds several.
    """
    place = Path(place)
    if (whole_folder(place) / _DESCRIPTIONS).is_file():
        directions = load_directions(place)
        if len(directions) != 1:
            raise UserError(f"{place} holds {_some(directions)}: say which, such as {place / next(iter(directions))}.")
        return next(iter(directions.values()))
    directions = load_directions(place.parent)
    if place.name not in directions:
        raise UserError(f"{place.parent} holds no direction {place.name}, but {_some(directions)}.")
    return directions[place.name]


def _describe(direction):
    return {
        "styles": direction.styles,
        "range": direction.range,
        "method": direction.method,
        "centered": direction.center is not None,
        "generator": dataclasses.asdict(direction.generator) if direction.generator else None,
    }


def _read_descriptions(path):
    try:
        content = json.loads(path.read_text("utf-8"))
        known = content["format"] == _FORMAT and content["directions"]
        if known and all(isinstance(fields, dict) for fields in content["directions"].values()):
            return content["directions"]
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.") from error
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise UserError(f"{path} is cut short or damaged.") from error
    raise UserError(f"{path} holds no directions that this version of psp_keras can read.")


def _some(names):
    names = list(names)
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
