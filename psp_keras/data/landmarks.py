"""Points of a face: which may be given, which of them alignment needs, and files of them. Imports no Keras."""

import json
from pathlib import Path

import numpy as np

from psp_keras.atomic_write import atomic_write
from psp_keras.errors import UserError
from psp_keras.options import check_value

# The points that decide the crop, as indices into each set of landmarks: left eye, right eye, left and right corner of
# the mouth, as the viewer sees them. An eye of dlib's 68 points is the mean of six.
_PARTS = {5: ((0,), (1,), (3,), (4,)), 68: (range(36, 42), range(42, 48), (48,), (54,))}
_FORM = "a picture's name to the [x, y] of its face's 5 or 68 points, or to a list of such faces"


def check_landmarks(landmarks):
    """Returns landmarks as an array, float64 `(5, 2)` or `(68, 2)`.

    Args:
        landmarks: pixels `(x, y)` of the left eye, right eye, nose, left and right corner of the mouth, left as the
            viewer sees it; or the 68 points of dlib.

    Raises:
        UserError: there are not 5 or 68 points, or they are not numbers.
    """
    return check_value("landmarks", _as_points, landmarks)


def eyes_and_mouth(landmarks):
    """Returns the left eye, the right eye and the two corners of the mouth, each `(2,)`."""
    return [landmarks[list(part)].mean(axis=0) for part in _PARTS[len(landmarks)]]


def read_landmarks(path):
    """Reads a JSON file of landmarks.

    Args:
        path: a JSON object of a picture's name, with or without its ending, to a face's points or to a list of faces.

    Returns:
        Dictionary of names to lists of arrays, see `check_landmarks`.

    Raises:
        UserError: the file is missing or holds something else.
    """
    try:
        content = json.loads(Path(path).read_text())
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is no JSON file: {error}.") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} must be a JSON object of {_FORM}.")
    return {name: [_read_face(path, name, face) for face in _faces(value)] for name, value in content.items()}


def write_landmarks(path, landmarks):
    """Writes landmarks as `read_landmarks` reads them.

    Args:
        path: the JSON file.
        landmarks: names of pictures to lists of `(5, 2)` or `(68, 2)`.
    """
    faces = {name: [np.round(points, 2).tolist() for points in faces] for name, faces in landmarks.items()}
    with atomic_write(path) as scratch:
        scratch.write_text(json.dumps(faces, indent=1) + "\n")


def _faces(value):
    """A list of faces; a single one, whose elements are points and not lists of points, becomes a list of one."""
    try:
        is_one = np.ndim(value[0][0]) == 0
    except (IndexError, KeyError, TypeError):
        is_one = True
    return [value] if is_one else value


def _read_face(path, name, face):
    try:
        return _as_points(face)
    except ValueError as error:
        raise UserError(f"{path}: the landmarks of {name} {error}.") from error


def _as_points(landmarks):
    form = "must be the [x, y] of 5 or 68 points"
    try:
        points = np.array(landmarks, "float64")
    except (TypeError, ValueError, OverflowError):
        raise ValueError(form) from None
    if points.ndim != 2 or points.shape[1] != 2 or len(points) not in _PARTS:
        raise ValueError(f"{form}, got the shape {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("must be finite numbers")
    return points
