"""The faces in photos through a model, and back into the photos."""

import numpy as np
from PIL import Image

from psp_keras.check_output import check_files
from psp_keras.data.image_files import read_photo, write_image
from psp_keras.data.photo_copy import write_like
from psp_keras.errors import UserError, print_left_out
from psp_keras.progress import Progress


def translate_faces(
    translate,
    photos,
    targets,
    at_once=8,
    couple=False,
    paste_back=False,
    also_read=(),
    on_broken=print_left_out,
):
    """Translates the faces in photos; a photo without a face is reported and left out.

    Args:
        translate: function of crops, uint8 `(N, size, size, 3)`, and of the number of the first one. It returns what
            the model saw and what it made of them, uint8 `(N, S, S, 3)`, or a `UserError` in the place of an output.
        photos: `FacePhotos`.
        targets: the output of each photo, by its path.
        at_once: how many crops `translate` takes, at most.
        couple: whether to put source and output side by side.
        paste_back: whether to write the photos with the outputs in them, instead of the outputs.
        also_read: further files that no output may replace.
        on_broken: called with a line for each photo that is left out.

    Returns:
        Paths of the pictures written.

    Raises:
        UserError: an output cannot be written or would replace an input.
    """
    written, inputs = [], [*targets, *also_read]
    for path, found, pairs in _translate_photos(translate, photos, list(targets), at_once, on_broken):
        failures = [output for _, output in pairs if isinstance(output, UserError)]
        if failures:
            on_broken(f"{path}: {failures[0]}")
        elif paste_back:
            _write_photo(path, targets[path], found, pairs, couple)
            written.append(targets[path])
        else:
            names = name_faces(targets[path], len(found), photos.faces, inputs)
            for name, (seen, output) in zip(names, pairs):
                write_image(name, beside(seen, output) if couple else output)
            written += names
    return written


def check_face_options(align, faces, landmarks, paste_back):
    """Raises a `UserError` when an option is given that says nothing without `align`."""
    if not align and (paste_back or landmarks or faces != "largest"):
        raise UserError("`paste_back`, `landmarks` and `faces` need `align`.")


def name_faces(target, count, faces, inputs):
    """Names the outputs of a photo's faces: as the photo's, or numbered where all faces are wanted.

    Args:
        target: the photo's output.
        count: how many faces it has.
        faces: see `FacePhotos`.
        inputs: paths that must not be replaced.

    Raises:
        UserError: an output would replace an input, or cannot be written.
    """
    names = [target.with_stem(f"{target.stem}_face{i + 1}") for i in range(count)] if faces == "all" else [target]
    check_files(names, inputs)
    return names


def beside(source, picture):
    """Puts a source, as large as what became of it, beside that."""
    resized = Image.fromarray(source).resize(picture.shape[1::-1], Image.Resampling.NEAREST)
    return np.concatenate([np.asarray(resized), picture], axis=1)


def _translate_photos(translate, photos, paths, at_once, on_broken):
    """Yields `(path, faces, pairs of what the model saw and made)` of each photo, several photos in a batch."""
    progress, waiting, done = Progress(len(paths), "photo"), [], 0
    for number, path in enumerate(paths, start=1):
        try:
            waiting.append((path, photos.read(path)))
        except UserError as error:
            on_broken(str(error))
        crops = [face.image for _, found in waiting for face in found]
        if len(crops) >= at_once or number == len(paths):
            pairs = list(translate_crops(translate, crops, done, at_once))
            for place, found in waiting:
                yield place, found, pairs[: len(found)]
                pairs = pairs[len(found) :]
            waiting, done = [], done + len(crops)
        progress.add()


def translate_crops(translate, crops, first, at_once):
    """Yields pairs of what the model saw and what it made of it.

    Args:
        translate: see `translate_faces`.
        crops: list of uint8 `(size, size, 3)`.
        first: number of the first one.
        at_once: see `translate_faces`.
    """
    for start in range(0, len(crops), at_once):
        yield from zip(*translate(np.stack(crops[start : start + at_once]), first + start))


def _write_photo(path, target, found, pairs, couple):
    photo = pasted = read_photo(path)
    for face, (_, output) in reversed(list(zip(found, pairs))):  # the largest face comes to lie on top
        pasted = face.paste_back(pasted, output)
    write_like(path, target, np.concatenate([photo, pasted], axis=1) if couple else pasted)
