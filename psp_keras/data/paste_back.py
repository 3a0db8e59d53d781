"""Warps a picture back into the photo that its crop came from. Imports no Keras."""

import numpy as np
from PIL import Image

from psp_keras.errors import UserError

_FEATHER = 0.12  # of the crop's side, on each edge


def paste_back(photo, output, quad):
    """Puts a picture into a quad of a photo; its edges fade.

    Args:
        photo: uint8 `(H, W, 3)`.
        output: uint8 `(N, N, 3)`.
        quad: `(4, 2)`, see `AlignedFace.quad`.

    Returns:
        uint8 `(H, W, 3)`, a copy.

    Raises:
        UserError: the output is something else.
    """
    output = np.asarray(output)
    if output.dtype != np.uint8 or output.ndim != 3 or output.shape[2] != 3:
        raise UserError(f"`output` must be uint8 (N, N, 3), got {output.dtype} {output.shape}.")
    corners = np.asarray(quad, "float64") + 0.5  # from here on, counted from the edge of the first pixel
    rows, columns = _window(corners, photo.shape)
    # Takes pixels of the photo to the unit square: `to_unit @ (p - origin)`.
    origin = corners[0]
    to_unit = np.linalg.inv(np.stack([corners[3] - origin, corners[1] - origin], axis=1))
    weight = _fading(rows, columns, origin, to_unit)[..., None]
    warped = _warp(output, rows, columns, origin, to_unit)
    result = photo.copy()
    window = photo[rows, columns].astype("float32")
    result[rows, columns] = np.rint(window + (warped - window) * weight).astype("uint8")
    return result


def _window(corners, shape):
    """Slices of the photo's rows and columns that hold the quad."""
    low = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(corners.max(axis=0)), shape[1::-1]).astype(int)
    return slice(low[1], max(low[1], high[1])), slice(low[0], max(low[0], high[0]))


def _fading(rows, columns, origin, to_unit):
    """1 inside the quad, falling smoothly to 0 on its edges."""
    y, x = (positions + 0.5 for positions in np.ogrid[rows, columns])
    across, down = (row[0] * (x - origin[0]) + row[1] * (y - origin[1]) for row in to_unit)
    inside = np.minimum(np.minimum(across, 1 - across), np.minimum(down, 1 - down))
    ramp = np.clip(inside / _FEATHER, 0.0, 1.0)
    return (ramp * ramp * (3 - 2 * ramp)).astype("float32")


def _warp(output, rows, columns, origin, to_unit):
    """The output in the photo's pixels."""
    side = max(1, round(np.abs(np.linalg.det(to_unit)) ** -0.5))
    picture = Image.fromarray(output)
    if side < picture.width:  # the warp alone would alias
        picture = picture.resize((side, side), Image.Resampling.LANCZOS)
    matrix = to_unit * [[picture.width], [picture.height]]
    offset = matrix @ (np.array([columns.start, rows.start]) - origin)
    shape = (columns.stop - columns.start, rows.stop - rows.start)
    terms = np.column_stack([matrix, offset]).ravel()
    return np.asarray(picture.transform(shape, Image.Transform.AFFINE, terms, Image.Resampling.BICUBIC), "float32")
