"""The folder that a training writes."""

import contextlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from psp_keras.atomic_write import atomic_write
from psp_keras.callbacks.training_checkpoint import checkpoint_files
from psp_keras.check_output import check_files, check_folder
from psp_keras.errors import UserError
from psp_keras.training.devices import is_first_process
from psp_keras.training.fit_resumable import CHECKPOINT_FILE

RUN_FILE = "run.json"
# What may differ when a training goes on: the length of it, and what it runs on.
_MAY_CHANGE = {"kimg", "contest_kimg", "steps", "epochs", "devices", "sync_batch_norm"}


def open_run(output, options):
    """Creates the run folder, or checks that the run that stands there was started with the same options.

    Where there is no checkpoint yet, the training that stands there failed, and other options take its place.

    Args:
        output: the folder.
        options: every option of the training, JSON-like.

    Returns:
        `pathlib.Path` of the folder.

    Raises:
        UserError: the folder cannot be written, or holds a training with other options.
    """
    folder = Path(output)
    check_folder(folder)
    check_files([folder / RUN_FILE])
    options = json.loads(json.dumps(options, default=str))
    if checkpoint_files(folder / CHECKPOINT_FILE):
        before = read_options(folder)
        if before is None:
            print(f"{folder / RUN_FILE} is damaged and is written anew, with the options of now.", file=sys.stderr)
        else:
            _compare(folder, before, options)
    with atomic_write(folder / RUN_FILE) as scratch:
        scratch.write_text(json.dumps(options, indent=2) + "\n")
    return folder


@contextlib.contextmanager
def run_of_process(output, options):
    """`open_run`; of several processes only the first writes there, the others into a copy that goes away."""
    if is_first_process():
        yield open_run(output, options)
        return
    with tempfile.TemporaryDirectory() as scratch:
        for path in (*checkpoint_files(Path(output) / CHECKPOINT_FILE), Path(output) / "log.csv"):
            if path.exists():
                shutil.copy(path, scratch)
        yield Path(scratch)


def read_options(folder):
    """Returns the options that the training in a run folder was started with, or `None` where they cannot be read."""
    try:
        options = json.loads((Path(folder) / RUN_FILE).read_text())
    except (OSError, ValueError):
        return None
    return options if isinstance(options, dict) else None


@contextlib.contextmanager
def lock_run(output):
    """Keeps a run folder for this process: a second training there is refused. The lock dies with the process.

    Raises:
        UserError: another training runs in the folder, or it cannot be made.
    """
    folder = Path(output)
    check_folder(folder)
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(*_file_to_lock(folder))
    except OSError as error:
        raise UserError(f"Cannot write into {folder}: {error.strerror}.") from error
    try:
        _lock(lock, folder)
        yield
    finally:
        os.close(lock)
        with contextlib.suppress(OSError):  # a training that failed before it wrote anything leaves nothing
            for place in made:
                place.rmdir()


if os.name == "nt":  # folders cannot be opened there, so a file stands for them
    import msvcrt

    def _file_to_lock(folder):
        return folder / ".lock", os.O_RDWR | os.O_CREAT

    def _take(lock):
        msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)

    _TAKEN = PermissionError
else:
    import fcntl

    def _file_to_lock(folder):
        return folder, os.O_RDONLY

    def _take(lock):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    _TAKEN = BlockingIOError


def _lock(lock, folder):
    try:
        _take(lock)
    except _TAKEN as error:
        raise UserError(f"Another training runs in {folder}: stop it, or choose another `output`.") from error
    except OSError:
        print(f"{folder} lies on a file system without locks: start no second training there.", file=sys.stderr)


def _compare(folder, before, now):
    before, now = (dict(_flatten(options)) for options in (before, now))
    # An option that the run does not record is one that came later.
    changed = sorted(name for name in before if before[name] != now.get(name) and name not in _MAY_CHANGE)
    if changed:
        differences = ", ".join(f"{name} was {before[name]!r}, is {now.get(name)!r}" for name in changed)
        raise UserError(f"{folder} holds another training ({differences}): choose another `output`.")


def _flatten(options, prefix=""):
    """Yields the name and the value of every option; those of a dictionary are named `task.losses.l2`."""
    for name, value in options.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
