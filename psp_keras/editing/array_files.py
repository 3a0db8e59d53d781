"""Arrays out of `.npy` and `.npz` files that anybody may have made."""

import contextlib
import zipfile
import zlib

import numpy as np

from psp_keras.errors import UserError

_MOST_BYTES = 1 << 28  # of one array; a small file may claim to hold terabytes
_DAMAGE = (ArithmeticError, EOFError, LookupError, OSError, RuntimeError, SyntaxError, TypeError, ValueError)
_DAMAGE += (zipfile.BadZipFile, zlib.error)


def read_npy(path):
    """Returns the array of a `.npy` file.

    Raises:
        UserError: the file is missing, cut short or holds something else.
    """
    with _readable(path), open(path, "rb") as file:
        return _read(file, path)


def read_npz(path, names):
    """Returns some of the arrays of a `.npz` file, by name.

    Raises:
        UserError: the file is missing, cut short or holds something else, or lacks one of the arrays.
    """
    with _readable(path), zipfile.ZipFile(path) as archive:
        missing = sorted({f"{name}.npy" for name in names} - set(archive.namelist()))
        if missing:
            raise UserError(f"{path} lacks the array {missing[0].removesuffix('.npy')}.")
        arrays = {}
        for name in names:
            with archive.open(f"{name}.npy") as file:
                arrays[name] = _read(file, path)
        return arrays


def _read(file, path):
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_column, dtype = read_header(file)
    count = int(np.prod(shape, dtype=object))
    if dtype.kind not in "fiu" or not 0 <= count * dtype.itemsize <= _MOST_BYTES:
        raise UserError(f"{path} holds no direction, but an array of {dtype} {shape}.")
    data = file.read(count * dtype.itemsize)
    if len(data) < count * dtype.itemsize:
        raise EOFError
    return np.frombuffer(data, dtype).reshape(shape, order="F" if by_column else "C")


@contextlib.contextmanager
def _readable(path):
    """Turns what goes wrong with a file into one line that names it."""
    try:
        yield
    except UserError:
        raise
    except _DAMAGE as error:
        reason = getattr(error, "strerror", None)
        raise UserError(f"Cannot read {path}: {reason or 'it is cut short, damaged or of another kind'}.") from error
