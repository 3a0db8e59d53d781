"""Faces followed through the frames of a video. Imports no Keras."""

import numpy as np

from psp_keras.data.alignment import face_quad, side_of

_NEAR = 0.5  # of a crop's side: how far a face moves at most while it is not seen
_PATIENCE = 0.5  # seconds after which a face that was not seen is another one
_DEVIATION = 0.12  # seconds of the Gaussian that landmarks are smoothed with


def smooth_faces(frames, rate):
    """Smooths the landmarks of faces over time, so that their crops do not tremble.

    Every point follows a line through its neighbours in time, weighted by how near they are: a face that moves evenly
    does not lag behind, at the ends of the video either.

    Args:
        frames: for each frame a list of landmarks, `(5, 2)` each.
        rate: frames a second.

    Returns:
        Landmarks in the same form; a frame has as many faces as before.
    """
    smoothed = [[] for _ in frames]
    for track in track_faces(frames, rate):
        numbers = np.array(sorted(track))
        points = _smooth(numbers, np.stack([track[number] for number in numbers]), max(_DEVIATION * rate, 1e-3))
        for number, landmarks in zip(numbers, points):
            smoothed[number].append(landmarks)
    return smoothed


def track_faces(frames, rate):
    """Tells which faces of different frames are the same.

    Args:
        frames: see `smooth_faces`.
        rate: see `smooth_faces`.

    Returns:
        List of tracks, each a dictionary of frame numbers to landmarks.
    """
    tracks = []
    for number, faces in enumerate(frames):
        free = [track for track in tracks if number - max(track) <= _PATIENCE * rate]
        for landmarks in faces:
            near = [(_distance(landmarks, track[max(track)]), i) for i, track in enumerate(free)]
            distance, closest = min(near, default=(np.inf, None))
            if distance < _NEAR:
                free.pop(closest)[number] = landmarks
            else:
                tracks.append({number: landmarks})
    return tracks


def _distance(landmarks, other):
    """How far two faces are apart, in sides of the second one's crop."""
    quad, wanted = face_quad(landmarks), face_quad(other)
    return float(np.hypot(*(quad.mean(axis=0) - wanted.mean(axis=0)))) / side_of(wanted)


def _smooth(numbers, points, deviation):
    """The value, at each number, of the weighted line through all points."""
    flat = points.reshape(len(points), -1)
    apart = numbers[None, :] - numbers[:, None]
    weight = np.exp(-0.5 * (apart / deviation) ** 2)
    s0, s1, s2 = (np.sum(weight * apart**power, axis=1, keepdims=True) for power in range(3))
    mean, slope = weight @ flat, (weight * apart) @ flat
    spread = s0 * s2 - s1**2
    line = np.where(spread > 1e-9, (s2 * mean - s1 * slope) / np.maximum(spread, 1e-9), mean / s0)
    return line.reshape(points.shape)
