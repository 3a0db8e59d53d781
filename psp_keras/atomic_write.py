"""Files and folders that appear whole or not at all: written under a temporary name and renamed."""

import contextlib
import errno
import os
import shutil
from pathlib import Path

from psp_keras.errors import UserError

# What a system says where it takes no more; libraries repeat it in exceptions of their own.
_REFUSALS = [os.strerror(getattr(errno, name)) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EIO", "EROFS", "EACCES")]


@contextlib.contextmanager
def atomic_write(path):
    """Yields a temporary path beside `path` to write a file or a folder to, and puts it in place when all went well.

    Raises:
        UserError: the place cannot be written; nothing is left there.
    """
    place = Path(os.path.realpath(path))
    scratch = place.with_name(f".writing.{place.name}")  # some writers look at the ending
    try:
        _remove(scratch)
        place.parent.mkdir(parents=True, exist_ok=True)
        yield scratch
        if scratch.is_dir():
            _replace_folder(scratch, place)
        else:
            os.replace(scratch, place)
    except UserError:
        raise
    except Exception as error:
        if reason := _refusal(error):
            raise UserError(f"Cannot write {path}: {reason}.") from error
        raise
    finally:
        with contextlib.suppress(OSError):
            _remove(scratch)


def reserve(path, size):
    """Asks the system for the space of a file that h5py is going to write, which floods the terminal if there is none.

    Raises:
        OSError: there is not enough.
    """
    if not hasattr(os, "posix_fallocate"):
        return
    with open(path, "wb") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                raise


def whole_folder(path):
    """The folder `path`, or the one that stood there where a kill fell between the two renames of its replacement."""
    path, replaced = Path(path), _replaced(Path(os.path.realpath(path)))
    return replaced if replaced.is_dir() and not path.exists() else path


def _replace_folder(scratch, place):
    """Puts a folder in the place of another; at every moment one of the two stands where `whole_folder` finds it."""
    replaced = _replaced(place)
    if place.exists():
        _remove(replaced)
        os.rename(place, replaced)
    try:
        os.rename(scratch, place)
    except OSError:
        if replaced.exists():
            os.rename(replaced, place)
        raise
    _remove(replaced)


def _replaced(place):
    return place.with_name(f".replaced.{place.name}")


def _remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _refusal(error):
    """Why the system refused to write, where that is what an exception, or its cause, comes from."""
    while error:
        for words in _REFUSALS:
            if words in str(error):
                return words
        if isinstance(error, OSError):
            return error.strerror or str(error)
        error = error.__cause__ or error.__context__
    return None
