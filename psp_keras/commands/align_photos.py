"""`psp-keras align`: the faces in photos, cut out as the published networks want them."""

from pathlib import Path

from psp_keras.check_output import check_files
from psp_keras.commands.picture_files import collect_files, name_outputs
from psp_keras.commands.translate_faces import name_faces
from psp_keras.data.face_photos import FacePhotos
from psp_keras.data.image_files import write_image
from psp_keras.data.landmarks import write_landmarks
from psp_keras.errors import UserError, print_left_out
from psp_keras.progress import Progress

_LANDMARKS = "landmarks.json"


def align_photos(
    inputs, output, size=256, landmarks=None, faces="largest", save_landmarks=False, on_broken=print_left_out
):
    """Cuts the faces out of photos; a photo without a face is reported and left out.

    Args:
        inputs: files and folders.
        output: folder for the PNG files: `NAME.png`, or `NAME_face1.png` and so on with all faces.
        size: pixels of the crops.
        landmarks: see `FacePhotos`.
        faces: see `FacePhotos`.
        save_landmarks: whether to write `landmarks.json`, to give as `landmarks` again.
        on_broken: called with a line for each file that is left out.

    Returns:
        Paths of the crops.

    Raises:
        UserError: an input does not exist, or the output cannot be written or would replace an input.
    """
    photos = FacePhotos(size, faces, landmarks)
    paths = collect_files(inputs)
    also_read, saved = [landmarks] if landmarks else [], Path(output) / _LANDMARKS
    targets = name_outputs(paths, output, also_read)
    check_files([saved] if save_landmarks else [], also_read)
    progress, written, located = Progress(len(paths), "photo"), [], {}
    for path in paths:
        try:
            found = photos.read_with_landmarks(path)
        except UserError as error:
            on_broken(str(error))
        else:
            names = name_faces(targets[path], len(found), faces, [*paths, *also_read])
            for name, (_, face) in zip(names, found):
                write_image(name, face.image)
            written += names
            located[path] = [points for points, _ in found]
        progress.add()
    if save_landmarks:
        write_landmarks(saved, _by_name(located))
    return written


def _by_name(located):
    """By the photos' names, or by their whole paths where two have the same."""
    names = [path.name for path in located]
    return {path.name if names.count(path.name) == 1 else str(path): points for path, points in located.items()}
