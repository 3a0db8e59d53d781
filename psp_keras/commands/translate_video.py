"""The faces in a video through a model, and back into the video."""

from pathlib import Path

from psp_keras.check_output import check_files
from psp_keras.commands.translate_faces import translate_crops
from psp_keras.data.alignment import align_face
from psp_keras.data.face_detection import find_faces
from psp_keras.data.face_tracks import smooth_faces
from psp_keras.data.video_endings import VIDEO_ENDINGS
from psp_keras.data.video_files import VideoFile
from psp_keras.errors import UserError
from psp_keras.progress import Progress

FRAMES_AT_ONCE = 8  # at most: those of a film are large


def translate_video(translate, source, output, size, at_once=FRAMES_AT_ONCE, faces="largest"):
    """Translates the faces in a video; frames without a face pass as they are, and the sound is copied.

    The video is read twice: first the faces are found in every frame and their landmarks smoothed over time, then the
    frames are translated and written in batches.

    Args:
        translate: see `translate_faces`.
        source: the video.
        output: the video to write.
        size: pixels of the crops.
        at_once: frames that are read at once, and crops that `translate` takes, at most.
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
    progress = Progress(len(found), "frame")

    def change(frames, first):
        changed = _change(translate, frames, smoothed[first : first + len(frames)], size, at_once)
        progress.add(len(frames))
        return changed

    video.rewrite(output, change, at_once)
    print(f"{seen} of {len(found)} frames have a face.")


def is_video(path):
    """Whether a path names a video."""
    return Path(path).suffix.lower() in VIDEO_ENDINGS


def check_video(inputs, output, pasted, others, also_read=()):
    """Raises a `UserError` unless the inputs and the output are one video each.

    Args:
        inputs: the paths.
        output: the path.
        pasted: whether `align` and `paste_back` are given.
        others: what else was given, by name; none of it goes with videos.
        also_read: further files that the output may not replace.
    """
    useless = [name for name, value in others.items() if value]
    if useless:
        raise UserError(f"`{useless[0]}` is for photos, not for videos.")
    if len(inputs) != 1 or not is_video(inputs[0]) or not is_video(output):
        raise UserError(
            f"A video becomes a video: give one input and an `output` that end in {' or '.join(VIDEO_ENDINGS)}."
        )
    if not pasted:
        raise UserError("The faces in a video are translated where they are: give `align` and `paste_back`.")
    check_files([output], [*inputs, *also_read])


def _find(video, faces):
    """The landmarks of the faces in every frame."""
    progress, found = Progress(video.expected_frames, "searched frame"), []
    for frame in video.frames():
        landmarks = [face.landmarks for face in find_faces(frame)]
        found.append(landmarks if faces == "all" else landmarks[:1])
        progress.add()
    return found


def _change(translate, frames, landmarks, size, at_once):
    """The frames of a batch with their faces translated."""
    aligned = [[align_face(frame, points, size) for points in faces] for frame, faces in zip(frames, landmarks)]
    crops = [face.image for faces in aligned for face in faces]
    outputs = (output for _, output in translate_crops(translate, crops, 0, at_once))
    changed = []
    for frame, faces in zip(frames, aligned):
        for face in faces:
            frame = face.paste_back(frame, next(outputs))
        changed.append(frame)
    return changed
