"""Reading and writing picture files: JPEG, PNG, WebP, grey, alpha, EXIF-rotated, any size."""

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageOps

from psp_keras.atomic_write import atomic_write
from psp_keras.check_output import PICTURE_ENDINGS
from psp_keras.errors import UserError
from psp_keras.typing import PathLike


def list_images(folder: PathLike) -> list[Path]:
    """Returns the picture files in a folder and its subfolders, sorted.

    Raises:
        UserError: the folder does not exist or holds no picture.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}.")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_ENDINGS and path.is_file())
    if not paths:
        raise UserError(f"{folder} holds no pictures ({', '.join(PICTURE_ENDINGS)}).")
    return paths


@contextlib.contextmanager
def open_picture(path):
    """Opens a picture file with Pillow.

    Raises:
        UserError: the file is missing, broken or no picture; also while it is read inside the `with`.
    """
    try:
        with Image.open(path) as image:
            yield image
    except UserError:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(f"Cannot read the picture {path}: {getattr(error, 'strerror', None) or error}.") from error


def read_image(path: PathLike, size: int, mode: str = "RGB") -> np.ndarray:
    """Reads a picture as uint8 `(size, size, 3)`: upright, on white where transparent, its middle square.

    Args:
        path: the file.
        size: pixels.
        mode: `"RGB"`, or `"L"` for grey, uint8 `(size, size)`.

    Raises:
        UserError: the file is missing, broken or no picture.
    """
    with open_picture(path) as opened:
        return to_square(ImageOps.exif_transpose(opened), size, mode)


def read_photo(path: PathLike) -> np.ndarray:
    """Reads a picture whole, as uint8 `(H, W, 3)`: upright, on white where transparent.

    Args:
        path: the file.

    Raises:
        UserError: the file is missing, broken or no picture.
    """
    with open_picture(path) as opened:
        return np.asarray(to_mode(ImageOps.exif_transpose(opened), "RGB"))


def to_square(image: Image.Image, size: int, mode: str = "RGB") -> np.ndarray:
    """Turns a Pillow image of any mode and shape into uint8 `(size, size, 3)` with an antialiased bilinear resize."""
    return np.asarray(ImageOps.fit(to_mode(image, mode), (size, size), Image.Resampling.BILINEAR))


def to_mode(image: Image.Image, mode: str) -> Image.Image:
    """Turns a Pillow image of any mode into `"RGB"` or `"L"`, on white where it is transparent."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    elif image.mode.startswith("I") or image.mode == "F":
        image = _sixteen_bit_to_grey(image)
    return image.convert(mode)


def write_image(path: PathLike, image: ArrayLike | Image.Image, options: dict[str, Any] | None = None) -> None:
    """Writes uint8 `(H, W, 3)` or `(H, W)`, or a Pillow image, under a temporary name and renames it into place.

    Args:
        path: the file; its ending decides the format.
        image: what to write.
        options: how, see Pillow's `Image.save`.

    Raises:
        UserError: the place cannot be written.
        KeyError: the ending of the name stands for no format that Pillow writes.
    """
    path = Path(path)
    picture = image if isinstance(image, Image.Image) else Image.fromarray(np.asarray(image))
    with atomic_write(path) as scratch:
        picture.save(scratch, format=Image.registered_extensions()[path.suffix.lower()], **(options or {}))


def to_float(images: ArrayLike) -> np.ndarray:
    """uint8 [0, 255] to float32 [-1, 1]."""
    return np.asarray(images, "float32") / 127.5 - 1.0


def to_uint8(images: ArrayLike) -> np.ndarray:
    """Float [-1, 1] to uint8 [0, 255], clipped and rounded."""
    return np.clip(np.round((np.asarray(images, "float32") + 1.0) * 127.5), 0, 255).astype("uint8")


def _sixteen_bit_to_grey(image):
    values = np.asarray(image, "float32")
    return Image.fromarray((values / max(values.max(), 1.0) * 255).astype("uint8"))
