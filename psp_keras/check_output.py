"""Whether a command may write where it is told to, asked before its work begins."""

import os
from pathlib import Path

from psp_keras.errors import UserError

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")


def check_files(outputs, inputs=(), endings=None):
    """Checks files that a command is going to write; such files of an earlier call may be written anew.

    Args:
        outputs: the paths.
        inputs: files that the command reads, which it must not replace under any of their names.
        endings: what the name may end in, such as `(".json",)`: a file with another ending is of another kind.

    Raises:
        UserError: an output is an input, a file of another kind, a folder, or lies below a file.
    """
    read = {identity for identity in map(_identity, inputs) if identity}
    for output in map(Path, outputs):
        if endings and output.suffix.lower() not in endings:
            raise UserError(f"{output}: the name of this output must end in {', '.join(endings)}.")
        check_folder(output.parent)
        if _identity(output) in read:
            raise UserError(f"The output would replace the input {output}: choose another `output`.")
        if os.path.exists(output) and not os.path.isfile(output):
            kind = "a folder" if os.path.isdir(output) else "no file"
            raise UserError(f"{output} is {kind}: choose another `output`.")


def check_folder(path):
    """Raises a `UserError` where a folder cannot be made, since it, or one that it lies in, is a file."""
    for place in (Path(path), *Path(path).parents):
        if os.path.isdir(place):
            return
        if os.path.exists(place):
            raise UserError(f"Cannot write into {path}: {place} is a file.")


def check_replaceable(folder, of_its_kind, kind):
    """Checks a folder that a command is going to write whole.

    Args:
        folder: its path.
        of_its_kind: function of the path of a folder that holds something: whether it may be replaced.
        kind: what it should hold, for the message.

    Raises:
        UserError: the path is a file, or a folder with something else in it.
    """
    folder = Path(folder)
    check_folder(folder)
    if folder.is_dir() and any(folder.iterdir()) and not of_its_kind(folder):
        raise UserError(f"{folder} is not empty and holds no {kind}: choose another folder.")


def _identity(path):
    """What all names of a file share, links among them; `None` where there is no file."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino
