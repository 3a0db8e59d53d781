"""`psp-keras project`: the latents of picture files, by optimisation."""

import time

import numpy as np
from keras import ops

from psp_keras.atomic_write import atomic_write
from psp_keras.batches import images_at_once, map_batches
from psp_keras.check_output import check_files
from psp_keras.commands.picture_files import collect_files, name_outputs
from psp_keras.data.face_photos import FacePhotos
from psp_keras.data.image_files import read_image, to_float, to_uint8, write_image
from psp_keras.data.image_source import read_images
from psp_keras.editing.projection import MOST_AT_ONCE, project_batches
from psp_keras.errors import UserError, print_left_out
from psp_keras.models.generator import Generator
from psp_keras.models.psp import PSP
from psp_keras.ops.face_regions import shrink_to_256
from psp_keras.option_kinds import check_above_zero, check_number, check_whole
from psp_keras.tasks.face_photos import check_faces
from psp_keras.tasks.registry import get_task


def project_files(
    model,
    inputs,
    output,
    steps=300,
    learning_rate=0.05,
    from_encoder=False,
    l2=1.0,
    lpips=0.8,
    perceptual_network="mini_faces_vgg",
    align=False,
    on_broken=print_left_out,
):
    """Projects picture files.

    Args:
        model: `Generator`, or `PSP`, whose generator is used.
        inputs: files and folders.
        output: folder for a PNG file and the latents, `.npz` with `w_plus`, of each picture.
        steps: see `project_images`.
        learning_rate: see `project_images`.
        from_encoder: whether to start where the encoder of a `PSP` looks, instead of at the average latent.
        l2: weight of the mean squared error.
        lpips: weight of LPIPS.
        perceptual_network: preset for LPIPS.
        align: whether to cut the largest face out of each photo first, see `align_face`.
        on_broken: called with a line for each file that cannot be read and is left out.

    Returns:
        `(paths, seconds)`: the pictures written and the seconds each took.

    Raises:
        UserError: an input does not exist, the output would replace it, or the model draws nothing.
    """
    check_whole(1, steps=steps)
    check_above_zero(learning_rate=learning_rate)
    check_number(0, l2=l2, lpips=lpips)
    if not (l2 or lpips):
        raise UserError("`l2` and `lpips` are both 0: one of them must lead to the picture.")
    if from_encoder and not (isinstance(model, PSP) and model.encoder.in_channels == 3):
        raise UserError("`from_encoder` needs the preset of a pSp that reads photos.")
    if not isinstance(model, (PSP, Generator)):
        raise UserError(f"A {type(model).__name__} draws nothing: give the preset of a generator or of a pSp.")
    if align and isinstance(model, PSP):
        check_faces(get_task(model.task))
    generator = model.generator if isinstance(model, PSP) else model
    size = min(256, generator.resolution)
    paths = collect_files(inputs)
    names = name_outputs(paths, output)
    check_files([name.with_suffix(".npz") for name in names.values()], paths)
    read = FacePhotos(size).read_one if align else lambda path: read_image(path, size)
    paths, images = read_images(paths, read, on_broken)
    begin = time.time()
    targets = to_float(images)
    start = generator.latent_average
    if from_encoder:
        start = map_batches(model.encode, targets, images_at_once(model.encoder.image_size))
    at_once = min(MOST_AT_ONCE, images_at_once(generator.resolution))
    remaining = iter(paths)
    for latents in project_batches(
        generator, targets, start, steps, learning_rate, l2, lpips, perceptual_network, at_once
    ):
        pictures = to_uint8(ops.convert_to_numpy(shrink_to_256(generator.synthesize(latents))))
        for w_plus, picture, path in zip(latents, pictures, remaining):
            write_image(names[path], picture)
            with atomic_write(names[path].with_suffix(".npz")) as scratch, open(scratch, "wb") as file:
                np.savez_compressed(file, w_plus=w_plus)
    return [names[path] for path in paths], (time.time() - begin) / len(paths)
