"""`psp-keras translate`: picture files, the faces in photos, or a video through a pSp model."""

import functools
from pathlib import Path

from psp_keras.batches import images_at_once, map_ahead
from psp_keras.commands.picture_files import batch_sizes, collect_files, name_outputs, run_batch, stream
from psp_keras.commands.translate_faces import beside, check_face_options, translate_faces
from psp_keras.commands.translate_video import FRAMES_AT_ONCE, check_video, is_video, translate_video
from psp_keras.data.image_files import write_image
from psp_keras.errors import UserError, print_left_out
from psp_keras.option_kinds import check_whole
from psp_keras.tasks.encoder_inputs import EncoderInputs
from psp_keras.tasks.face_photos import open_face_photos
from psp_keras.tasks.registry import get_task


def translate_files(
    model,
    inputs,
    output,
    couple=False,
    resize=True,
    mask=None,
    factor=None,
    iterations=None,
    align=False,
    faces="largest",
    landmarks=None,
    paste_back=False,
    on_broken=print_left_out,
):
    """Translates picture files; a broken one is reported and left out.

    Args:
        model: `PSP`.
        inputs: files and folders.
        output: folder for the PNG files, named after their sources; or a video for a video.
        couple: whether to put source and output side by side.
        resize: whether to shrink outputs larger than 256 pixels to 256.
        mask: what inpainting hides, instead of the task's; see `Task`.
        factor: what super-resolution shrinks sharp pictures by first; by default they are small already.
        iterations: how often the encoder looks at a picture, if it is ReStyle's.
        align: whether to cut the faces out of photos, see `align_face`.
        faces: with `align`, see `FacePhotos`.
        landmarks: with `align`, see `FacePhotos`.
        paste_back: with `align`, whether to write the photos with the outputs in them, as they were written.
        on_broken: called with a line for each file that cannot be read and is left out.

    Returns:
        Paths of the pictures written.

    Raises:
        UserError: an input does not exist, or the output cannot be written or would replace an input.
    """
    check_face_options(align, faces, landmarks, paste_back)
    if factor is not None:
        check_whole(1, factor=factor)
    options = _iterations(model, iterations)
    paths = collect_files(inputs)
    also_read = [file for file in (mask, landmarks) if file]
    task, size = get_task(model.task), model.encoder.image_size
    seen = EncoderInputs.to_translate(task, size, mask, factor)
    at_once = images_at_once(model.generator.resolution)
    if is_video(output) or any(map(is_video, paths)):
        check_video(paths, output, align and paste_back, {"couple": couple, "landmarks": landmarks}, also_read)
    if align:
        photos = open_face_photos(task, size, faces, landmarks)
        run = functools.partial(model.translate, resize=resize and not paste_back, **options)
        at_once = min(at_once, FRAMES_AT_ONCE if is_video(output) else len(paths))
        translate = functools.partial(run_batch, seen, run, size=at_once)
        if is_video(output):
            translate_video(translate, paths[0], output, size, at_once, faces)
            return [Path(output)]
        targets = name_outputs(paths, output, also_read, keep_endings=paste_back)
        return translate_faces(translate, photos, targets, at_once, couple, paste_back, also_read, on_broken)
    targets = name_outputs(paths, output, also_read)
    first = min(1, len(paths))  # alone, so that it need not wait until the network is compiled

    def write(translated):
        path, source, picture = translated
        write_image(targets[path], beside(source, picture) if couple else picture)
        return targets[path]

    sizes = [first, *batch_sizes(len(paths) - first, at_once)]
    run = functools.partial(model.translate, resize=resize, **options)
    return list(map_ahead(write, stream(paths, seen, run, sizes, on_broken)))


def _iterations(model, iterations):
    """What `model.translate` is told of them."""
    if iterations is None:
        return {}
    if "num_iterations" not in model.encoder.encode_options:
        raise UserError(f"`iterations` is for ReStyle encoders: a {type(model.encoder).__name__} looks only once.")
    return {"num_iterations": iterations}
