"""The faces in a video through a model, and back into the video."""

from pathlib import Path

import keras
import numpy as np

from psp_keras.data.alignment import align_face
from psp_keras.data.face_detection import find_faces
from psp_keras.data.face_tracks import smooth_faces
from psp_keras.data.video_endings import VIDEO_ENDINGS
from psp_keras.data.video_files import VideoFile
from psp_keras.errors import UserError

_BATCH = 8


def translate_video(translate, source, output, size, faces="largest"):
    """Translates the faces in a video; frames without a face pass as they are, and the sound is copied.

    The video is read twice: first the faces are found in every frame and their landmarks smoothed over time, then the
    frames are translated and written in batches.

    Args:
        translate: see `translate_faces`.
        source: the video.
        output: the video to write.
        size: pixels of the crops.
        faces: `"largest"` for one face a frame, or `"all"`.

    Raises:
        UserError: a video cannot be read or written, or holds no face.
    """
    video = VideoFile(source)
    found = _find(video, faces)
    seen = sum(map(bool, found))
    if not seen:
        raise UserError(f"There is no face in {source}.")
    smoothed = smooth_faces(found, video.rate)
    bar = keras.utils.Progbar(len(found), unit_name="frame")

    def change(frames, first):
        changed = _change(translate, frames, smoothed[first : first + len(frames)], size)
        bar.add(len(frames))
        return changed

    video.rewrite(output, change, _BATCH)
    print(f"{seen} of {len(found)} frames have a face.")


def is_video(path):
    """Whether a path names a video."""
    return Path(path).suffix.lower() in VIDEO_ENDINGS


def check_video(inputs, output, paste_back, others):
    """Raises a `UserError` unless the inputs and the output are one video each.

    Args:
        inputs: the paths.
        output: the path.
        paste_back: see `translate_files`.
        others: what else was given, by name; none of it goes with videos.
    """
    useless = [name for name, value in others.items() if value]
    if useless:
        raise UserError(f"`{useless[0]}` is for photos, not for videos.")
    if len(inputs) != 1 or not is_video(inputs[0]) or not is_video(output):
        raise UserError(
            f"A video becomes a video: give one input and an `output` that end in {' or '.join(VIDEO_ENDINGS)}."
        )
    if not paste_back:
        raise UserError("The faces in a video are translated where they are: give `align` and `paste_back`.")
    if Path(output).exists() and Path(output).samefile(inputs[0]):
        raise UserError(f"The output would replace the input {output}: choose another `output`.")


def _find(video, faces):
    """The landmarks of the faces in every frame."""
    bar, found = keras.utils.Progbar(video.expected_frames, unit_name="searched frame"), []
    for frame in video.frames():
        landmarks = [face.landmarks for face in find_faces(frame)]
        found.append(landmarks if faces == "all" else landmarks[:1])
        bar.add(1)
    return found


def _change(translate, frames, landmarks, size):
    """The frames of a batch with their faces translated."""
    aligned = [[align_face(frame, points, size) for points in faces] for frame, faces in zip(frames, landmarks)]
    crops = [face.image for faces in aligned for face in faces]
    outputs = []
    for start in range(0, len(crops), _BATCH):
        outputs += list(translate(np.stack(crops[start : start + _BATCH]), start)[1])
    remaining = iter(outputs)
    changed = []
    for frame, faces in zip(frames, aligned):
        for face in faces:
            frame = face.paste_back(frame, next(remaining))
        changed.append(frame)
    return changed
