"""The crop of a face that FFHQ and the published networks use, and the way back into the photo. Imports no Keras."""

import dataclasses
import math

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from psp_keras.data.landmarks import check_landmarks, eyes_and_mouth
from psp_keras.data.paste_back import paste_back
from psp_keras.errors import UserError

_SMALLEST, _LARGEST = 8, 4  # side of the crop: pixels, and times the photo's longer side


@dataclasses.dataclass(frozen=True)
class AlignedFace:
    """A face cut out of a photo.

    Attributes:
        image: uint8 `(size, size, 3)`, the crop.
        quad: float64 `(4, 2)`, its corners as pixels `(x, y)` of the photo, the middles of pixels at whole numbers: top
            left, bottom left, bottom right, top right.
    """

    image: np.ndarray
    quad: np.ndarray

    def to_crop(self, points: ArrayLike) -> np.ndarray:
        """Takes points of the photo, `(N, 2)`, to where the crop shows them, in pixels."""
        axes = np.linalg.inv(_axes(self.quad))
        return (np.asarray(points) - self.quad[0]) @ axes * len(self.image) - 0.5

    def to_photo(self, points: ArrayLike) -> np.ndarray:
        """Takes points of the crop, `(N, 2)`, to where they are in the photo, in pixels."""
        return from_crop(points, self.quad, len(self.image))

    def paste_back(self, photo: ArrayLike, output: ArrayLike) -> np.ndarray:
        """Puts what became of the crop into the photo, with edges that fade.

        Args:
            photo: uint8 `(H, W, 3)`, the photo that was aligned.
            output: uint8 `(N, N, 3)`, a network's output of any size.

        Returns:
            uint8 `(H, W, 3)`.
        """
        return paste_back(check_photo(photo), output, self.quad)


def align_face(image: ArrayLike, landmarks: ArrayLike, size: int = 256) -> AlignedFace:
    """Cuts a face out as FFHQ does: upright, with eyes and mouth in their places.

    What lies beyond the photo is mirrored and blurred. It is the published pSp's `align_face` to the pixel.

    Args:
        image: uint8 `(H, W, 3)`.
        landmarks: `(5, 2)`, as `find_faces` returns them, or dlib's `(68, 2)`.
        size: pixels of the crop.

    Returns:
        `AlignedFace`.

    Raises:
        UserError: the image or the landmarks are not of that form, or the face is not in the photo.

    Example:
        >>> sample = psp_keras.data.MiniFaces(size=128)[5]
        >>> aligned = align_face(sample.image, sample.landmarks)
        >>> aligned.image.shape, aligned.quad.shape
        ((256, 256, 3), (4, 2))
        >>> aligned.paste_back(sample.image, aligned.image).shape
        (128, 128, 3)
    """
    photo = check_photo(image)
    quad = face_quad(landmarks)
    _check_place(quad, photo)
    picture, inner = _shrink(Image.fromarray(photo), quad, size)
    picture, inner = _crop(picture, inner)
    picture, inner = _pad(picture, inner)
    corners = (inner + 0.5).ravel()  # Pillow counts from the edge of the first pixel
    crop = picture.transform((size, size), Image.Transform.QUAD, corners, Image.Resampling.BILINEAR)
    return AlignedFace(np.array(crop), quad)


def face_quad(landmarks):
    """Returns the corners of the crop, see `AlignedFace.quad`.

    Raises:
        UserError: the landmarks are no face.
    """
    left_eye, right_eye, left_mouth, right_mouth = eyes_and_mouth(check_landmarks(landmarks))
    eye = (left_eye + right_eye) / 2
    between_eyes = right_eye - left_eye
    to_mouth = (left_mouth + right_mouth) / 2 - eye
    across = between_eyes - _quarter_turn(to_mouth)
    length = np.hypot(*across)
    if length < 1e-6:
        raise UserError("`landmarks` must be those of a face, but eyes and mouth lie in one place.")
    across *= max(np.hypot(*between_eyes) * 2.0, np.hypot(*to_mouth) * 1.8) / length
    down = _quarter_turn(across)
    center = eye + to_mouth * 0.1
    return np.stack([center - across - down, center - across + down, center + across + down, center + across - down])


def from_crop(points, quad, size):
    """Takes points of a crop of `size` pixels, `(N, 2)`, to the photo in which the quad is."""
    return (np.asarray(points) + 0.5) / size @ _axes(quad) + quad[0]


def side_of(quad):
    """Returns the length of a crop's side in pixels of the photo."""
    return float(np.hypot(*(quad[3] - quad[0])))


def angle_of(quad):
    """Returns by how many degrees a crop is turned clockwise in the photo, from -180 to 180."""
    across = quad[3] - quad[0]
    return math.degrees(math.atan2(across[1], across[0]))


def check_photo(image):
    """Returns a photo as an array, uint8 `(H, W, 3)`.

    Raises:
        UserError: it is something else.
    """
    photo = np.asarray(image)
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3:
        raise UserError(f"A photo must be uint8 (H, W, 3), got {photo.dtype} {photo.shape}.")
    return photo


def _axes(quad):
    """The crop's upper and left edge as vectors of the photo."""
    return np.stack([quad[3] - quad[0], quad[1] - quad[0]])


def _quarter_turn(vector):
    """Turns `(x, y)` from pointing right to pointing down."""
    return np.array([-vector[1], vector[0]])


def _check_place(quad, photo):
    height, width = photo.shape[:2]
    center, side = quad.mean(axis=0), side_of(quad)
    if side < _SMALLEST:
        raise UserError(f"The face is too small: its crop would be {side:.2g} pixels of the photo wide.")
    if not (0 <= center[0] <= width and 0 <= center[1] <= height) or side > _LARGEST * max(width, height):
        raise UserError(f"The face is not in the photo, which has {width}x{height} pixels.")


def _shrink(picture, quad, size):
    """Shrinks the photo by a whole factor when the crop is more than twice too large: only then is there aliasing."""
    factor = int(side_of(quad) / size * 0.5)
    if factor <= 1:
        return picture, quad
    shape = [round(pixels / factor) for pixels in picture.size]
    return picture.resize(shape, Image.Resampling.LANCZOS), quad / factor


def _bounds(quad):
    """The box around the quad, in whole pixels: left, top, right, bottom."""
    return np.concatenate([np.floor(quad.min(axis=0)), np.ceil(quad.max(axis=0))]).astype(int)


def _border(quad):
    return max(round(side_of(quad) * 0.1), 3)


def _crop(picture, quad):
    """Leaves only the surroundings of the quad."""
    left, top, right, bottom = _bounds(quad)
    border = _border(quad)
    left, top = max(left - border, 0), max(top - border, 0)
    right, bottom = min(right + border, picture.width), min(bottom + border, picture.height)
    return picture.crop((left, top, right, bottom)), quad - (left, top)


def _pad(picture, quad):
    """Continues the picture where the quad leaves it: mirrored, then blurred, then of the median colour."""
    left, top, right, bottom = _bounds(quad)
    border = _border(quad)
    beyond = np.array([-left, -top, right - picture.width, bottom - picture.height]) + border
    if max(beyond) <= border - 4:
        return picture, quad
    side = side_of(quad)
    left, top, right, bottom = np.maximum(beyond, round(side * 0.3))
    pixels = np.pad(np.asarray(picture, "float32"), ((top, bottom), (left, right), (0, 0)), "reflect")
    height, width = pixels.shape[:2]
    y, x = np.ogrid[:height, :width]
    inside = np.minimum(
        np.minimum(np.float32(x) / left, np.float32(width - 1 - x) / right),
        np.minimum(np.float32(y) / top, np.float32(height - 1 - y) / bottom),
    )
    outside = 1.0 - inside[..., None]  # 0 on the photo's edge, 1 on the padding's
    pixels += (_blur(pixels, side * 0.02) - pixels) * np.clip(outside * 3.0 + 1.0, 0.0, 1.0)
    pixels += (np.median(pixels, axis=(0, 1)) - pixels) * np.clip(outside, 0.0, 1.0)
    padded = Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype("uint8"))
    return padded, quad + (left, top)


def _blur(pixels, deviation):
    """A Gaussian blur of both axes, through the frequencies: what SciPy's `gaussian_filter` computes, without SciPy."""
    radius = int(4 * deviation + 0.5)
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / deviation) ** 2)
    taps = (taps / taps.sum()).astype("float32")
    for axis in (0, 1):
        pixels = np.moveaxis(pixels, axis, -1)
        wide = np.pad(pixels, ((0, 0), (0, 0), (radius, radius)), "symmetric")
        length = wide.shape[-1]
        blurred = np.fft.irfft(np.fft.rfft(wide) * np.fft.rfft(taps, length), length)
        pixels = np.moveaxis(blurred[..., 2 * radius :].astype("float32"), -1, axis)
    return pixels
