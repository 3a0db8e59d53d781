"""`psp-keras client`: picture files through a server."""

import numpy as np
from PIL import Image

from psp_keras.commands.picture_files import collect_files, name_outputs
from psp_keras.commands.translate_faces import check_face_options, translate_faces
from psp_keras.data.face_photos import FacePhotos
from psp_keras.data.image_files import write_image
from psp_keras.errors import UserError, print_left_out
from psp_keras.option_kinds import check_whole
from psp_keras.serving.client import Client


def translate_remotely(
    url,
    inputs,
    output,
    model="psp",
    timeout=30.0,
    workers=8,
    align=False,
    faces="largest",
    landmarks=None,
    paste_back=False,
    on_broken=print_left_out,
):
    """Translates picture files with a server; one that it refuses is reported and left out.

    Args:
        url: of the server, see `Client`.
        inputs: files and folders.
        output: folder for the PNG files, named after their sources.
        model: name that the server has for the model.
        timeout: seconds to wait for an answer.
        workers: requests at once.
        align: whether to send the faces in photos, see `align_face`.
        faces: with `align`, see `FacePhotos`.
        landmarks: with `align`, see `FacePhotos`.
        paste_back: with `align`, whether to write the photos with the answers in them, as they were written.
        on_broken: called with a line for each file that is left out.

    Returns:
        Paths of the pictures written.

    Raises:
        UserError: an input does not exist, or the server cannot be reached.
    """
    check_face_options(align, faces, landmarks, paste_back)
    check_whole(1, workers=workers)
    client = Client(url, model, timeout)
    paths = collect_files(inputs)
    also_read = [landmarks] if landmarks else []
    targets = name_outputs(paths, output, also_read, keep_endings=paste_back)
    client.status()  # a server that is not there is one mistake, not one for each picture
    if align:

        def translate(crops, first):
            answers = client.translate_many([Image.fromarray(crop) for crop in crops], workers)
            return crops, [answer if isinstance(answer, UserError) else np.asarray(answer) for answer in answers]

        photos = FacePhotos(faces=faces, landmarks=landmarks)
        options = {"paste_back": paste_back, "also_read": also_read, "on_broken": on_broken}
        return translate_faces(translate, photos, targets, workers, **options)
    written = []
    for path, result in zip(paths, client.translate_many(paths, workers)):
        if isinstance(result, UserError):
            on_broken(f"{path}: {result}")
        else:
            write_image(targets[path], result)
            written.append(targets[path])
    return written
