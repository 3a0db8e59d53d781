import contextlib
import os
from pathlib import Path

from psp_keras.errors import UserError


@contextlib.contextmanager
def atomic_write(path):
    """Yields a temporary path beside `path` to write to, and renames it into place when all went well.

    Raises:
        UserError: the place cannot be written; nothing is left there.
    """
    path = Path(path)
    scratch = path.with_name(f".writing.{path.name}")  # some writers look at the ending
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield scratch
        os.replace(scratch, path)
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror or error}.") from error
    finally:
        with contextlib.suppress(OSError):
            scratch.unlink()
