"""Finds faces and their landmarks in photos of any size, with MTCNN (Zhang et al. 2016; the package mtcnn)."""

import dataclasses
import math

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from psp_keras.data.alignment import angle_of, check_photo, face_quad, from_crop, side_of
from psp_keras.data.mtcnn_detector import load_detector

_SEARCHED = 1600  # pixels of the longer side, at most, in which faces are searched for first
_CROP, _MARGIN = 112, 1.4  # in which a face is looked at again: pixels, and times the published crop
_PASSES, _SETTLED = 5, 0.05  # how often, at most; the face stays when its crop moves by less of its side
_SAME = 0.3  # of a crop's side: faces whose middles are nearer than that are one


@dataclasses.dataclass(frozen=True)
class Face:
    """A face in a photo. Pixels are `(x, y)`, their middles at whole numbers.

    Attributes:
        box: float64 `(4,)`, left, top, right, bottom.
        landmarks: float64 `(5, 2)`: left eye, right eye, nose, left and right corner of the mouth, left as the viewer
            sees it.
        confidence: how certain the detector is, up to 1.
    """

    box: np.ndarray
    landmarks: np.ndarray
    confidence: float

    @property
    def angle(self) -> float:
        """Degrees by which the face is turned clockwise, from -180 to 180."""
        return angle_of(face_quad(self.landmarks))


def find_faces(image: ArrayLike) -> list[Face]:
    """Finds the faces in a photo.

    Large photos are searched at reduced size first. Where nothing is found, the photo is searched again turned by 90,
    180 and 270 degrees: `Face.angle` tells. Every face is looked at again, upright and close, until its landmarks
    settle; what is no face then is dropped.

    Args:
        image: uint8 `(H, W, 3)`.

    Returns:
        List of `Face`, the largest first.

    Raises:
        UserError: the image is something else, or the package `mtcnn` is not installed.

    Example:
        >>> photo = np.concatenate(psp_keras.data.MiniFaces(size=128).images([5, 24]), axis=1)
        >>> [face.landmarks.shape for face in find_faces(photo)]
        [(5, 2), (5, 2)]
    """
    levels = _Levels(check_photo(image))
    for level, quarter_turns in levels.attempts():
        found = _search(levels.picture(level), quarter_turns)
        faces = _look_closer(levels, [_scale(points, 2**level) for points in found])
        if faces:
            return sorted(faces, key=_size, reverse=True)
    return []


class _Levels:
    """A photo, halved as often as it is useful."""

    def __init__(self, photo):
        self._photo = Image.fromarray(photo)
        self._pictures = {}

    def picture(self, level):
        """The photo, halved `level` times."""
        if level not in self._pictures:
            self._pictures[level] = self._photo.reduce(2**level)
        return self._pictures[level]

    def attempts(self):
        """What to search, in turn: `(level, quarter turns)`."""
        first = max(0, math.ceil(math.log2(max(self._photo.size) / _SEARCHED)))
        return [(first, 0), *([(first - 1, 0)] if first else []), (first, 2), (first, 1), (first, 3)]

    def close_up(self, quad):
        """Returns the upright square around a crop, and the corners of that square in the photo."""
        corners = quad.mean(axis=0) + (quad - quad.mean(axis=0)) * _MARGIN
        level = max(0, math.floor(math.log2(max(side_of(corners) / _CROP, 1))))
        there = (_scale(corners, 2**-level) + 0.5).ravel()
        shape = (_CROP, _CROP)
        picture = self.picture(level).transform(shape, Image.Transform.QUAD, there, Image.Resampling.BILINEAR)
        return np.asarray(picture), corners


def _search(picture, quarter_turns):
    """The landmarks of what may be faces in a picture that is turned first."""
    turned = np.rot90(np.asarray(picture), quarter_turns)
    return [_turn_back(row.landmarks, quarter_turns, picture.size) for row in load_detector().detect([turned])]


def _turn_back(points, quarter_turns, size):
    """Points of a picture turned counter-clockwise, in the picture of `size` (width, height) before."""
    for turn in reversed(range(quarter_turns)):
        points = np.stack([size[turn % 2] - 1 - points[:, 1], points[:, 0]], axis=1)
    return points


def _look_closer(levels, candidates):
    """Those of the candidates, landmarks in the photo, that are still faces when they are seen upright."""
    faces = []
    for _ in range(_PASSES):
        if not candidates:
            break
        close_ups = [levels.close_up(face_quad(points)) for points in candidates]
        best = {}
        for row in load_detector().detect([picture for picture, _ in close_ups]):
            if row.picture not in best or best[row.picture].confidence < row.confidence:
                best[row.picture] = row
        moved = []
        for number, row in best.items():
            face = _in_photo(row, close_ups[number][1])
            if _distance(face.landmarks, candidates[number]) < _SETTLED:
                faces.append(face)
            else:
                moved.append(face.landmarks)
        candidates = moved
    return _distinct(faces)


def _in_photo(row, corners):
    """A detection in a close-up, as a face in the photo."""
    box = row.box[[[0, 1], [2, 1], [2, 3], [0, 3]]]
    landmarks, box = (from_crop(points, corners, _CROP) for points in (row.landmarks, box))
    return Face(np.concatenate([box.min(axis=0), box.max(axis=0)]), landmarks, row.confidence)


def _distance(landmarks, others):
    """How far two crops' corners are apart, in sides of the second."""
    quad, other = face_quad(landmarks), face_quad(others)
    return np.hypot(*(quad - other).T).max() / side_of(other)


def _distinct(faces):
    kept = []
    for face in sorted(faces, key=lambda face: face.confidence, reverse=True):
        middle = face_quad(face.landmarks).mean(axis=0)
        if all(math.dist(middle, face_quad(other.landmarks).mean(axis=0)) > _SAME * _size(other) for other in kept):
            kept.append(face)
    return kept


def _size(face):
    return side_of(face_quad(face.landmarks))


def _scale(points, factor):
    """Points of a picture in one `factor` times as large."""
    return (points + 0.5) * factor - 0.5
