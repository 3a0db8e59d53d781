"""The folder that a training writes."""

import json
from pathlib import Path

from psp_keras.atomic_write import atomic_write
from psp_keras.errors import UserError

CONFIG_FILE = "run.json"
# What may differ when a training goes on: the length of it, and what it runs on.
_MAY_CHANGE = {"kimg", "steps", "epochs", "devices", "sync_batch_norm"}


def open_run(output, options):
    """Creates the run folder, or checks that the run that stands there was started with the same options.

    Args:
        output: the folder.
        options: every option of the training, JSON-like.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        UserError: the folder cannot be written, or holds a training with other options.
    """
    folder = Path(output)
    path = folder / CONFIG_FILE
    options = json.loads(json.dumps(options, default=str))
    if path.exists():
        _compare(path, _read(path), options)
    with atomic_write(path) as scratch:
        scratch.write_text(json.dumps(options, indent=2) + "\n")
    return folder


def _read(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UserError(f"Cannot read {path}: {error}.") from error


def _compare(path, before, now):
    changed = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    changed = [key for key in changed if key not in _MAY_CHANGE]
    if changed:
        differences = ", ".join(f"{key} was {before.get(key)!r}, is {now.get(key)!r}" for key in changed)
        raise UserError(f"{path.parent} holds another training ({differences}): choose another --output.")
