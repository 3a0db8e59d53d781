"""`psp-keras edit`: picture files along a direction."""

import numpy as np
from keras import ops
from PIL import Image

from psp_keras.atomic_write import atomic_write
from psp_keras.batches import images_at_once, map_batches
from psp_keras.check_output import check_files
from psp_keras.commands.picture_files import batch_sizes, collect_files, name_outputs, stream
from psp_keras.data.grids import image_grid
from psp_keras.data.image_files import write_image
from psp_keras.editing.direction_files import find_direction
from psp_keras.editing.edit_latents import edit
from psp_keras.editing.known_generator import KnownGenerator
from psp_keras.errors import UserError, print_left_out
from psp_keras.ops.face_regions import shrink_to_256
from psp_keras.tasks.encoder_inputs import EncoderInputs
from psp_keras.tasks.face_photos import open_face_photos
from psp_keras.tasks.registry import get_task

_COLUMNS = 7
_MILLISECONDS = 120  # of a frame


def edit_files(
    model,
    preset,
    inputs,
    direction,
    output,
    strength=None,
    also=None,
    styles=None,
    gif=False,
    resize=True,
    other_generator=False,
    align=False,
    on_broken=print_left_out,
):
    """Edits picture files; a broken one is reported and left out.

    Args:
        model: `PSP`.
        preset: what it was loaded from.
        inputs: files and folders.
        direction: folder of directions and a name in it.
        output: folder for the PNG files: a strip of the source and every strength, or the picture alone for one.
        strength: strengths; by default 7 over the direction's range.
        also: edits that come first, `d/age=2,d/pose=-1`.
        styles: the styles that are edited, instead of the direction's.
        gif: whether to write the strengths as a GIF, there and back.
        resize: whether to shrink outputs larger than 256 pixels to 256.
        other_generator: whether directions that were found in another generator are used all the same.
        align: whether to cut the largest face out of each photo first, see `align_face`.
        on_broken: called with a line for each file that cannot be read and is left out.

    Returns:
        Paths of the pictures written.

    Raises:
        UserError: an input or a direction does not exist or does not fit, or the output would replace an input.
    """
    chosen = find_direction(direction)
    strength = np.linspace(*chosen.range, _COLUMNS) if strength is None else np.asarray(strength, "float32")
    chosen = chosen.on(styles) if styles else chosen
    first, their_strengths = _parse_edits(also)
    _check_fit([*first, chosen], KnownGenerator.of(model.generator, preset), other_generator)
    paths = collect_files(inputs)
    targets = name_outputs(paths, output)
    if gif:
        check_files([target.with_suffix(".gif") for target in targets.values()], paths)
    at_once = images_at_once(model.generator.resolution)

    def run(seen):
        latents = edit(model.encode(seen), first, their_strengths)
        edited = edit(ops.repeat(latents, len(strength), axis=0), chosen, np.tile(strength, len(seen)))
        decode = lambda batch: shrink_to_256(model.decode(batch)) if resize else model.decode(batch)
        drawn = map_batches(decode, ops.convert_to_numpy(edited), at_once)
        return drawn.reshape(len(seen), len(strength), *drawn.shape[1:])

    task = get_task(model.task)
    seen = EncoderInputs.to_translate(task, model.encoder.image_size)
    read = open_face_photos(task, model.encoder.image_size).read_one if align else None
    sizes = batch_sizes(len(paths), max(1, at_once // len(strength)))
    written = []
    for path, source, pictures in stream(paths, seen, run, sizes, on_broken, read):
        write_image(targets[path], _strip(source, pictures, strength))
        written.append(targets[path])
        if gif:
            _write_gif(targets[path].with_suffix(".gif"), pictures)
    return written


def _parse_edits(also):
    """The directions and strengths of `d/age=2,d/pose=-1`."""
    directions, strengths = [], []
    for text in also.split(",") if also else []:
        place, _, strength = text.rpartition("=")
        try:
            strengths.append(float(strength))
        except ValueError:
            strengths.append(np.nan)
        if not place or not np.isfinite(strengths[-1]):
            raise UserError(f"`also` must be edits such as d/age=2,d/pose=-1, got {text!r}.")
        directions.append(find_direction(place))
    return directions, strengths


def _check_fit(directions, generator, other_generator):
    for direction in directions:
        if other_generator:
            direction.check_shape(generator.num_styles, generator.style_dim)
            continue
        try:
            direction.check_generator(generator)
        except UserError as error:
            raise UserError(f"{error} Use `other_generator` if that is meant.") from error


def _strip(source, pictures, strength):
    if len(pictures) == 1:
        return pictures[0]
    return image_grid([[source, *pictures]], column_titles=["input", *(f"{value:.3g}" for value in strength)])


def _write_gif(path, pictures):
    frames = [Image.fromarray(picture) for picture in [*pictures, *pictures[-2:0:-1]]]
    with atomic_write(path) as scratch:
        frames[0].save(
            scratch, "GIF", save_all=True, append_images=frames[1:], duration=_MILLISECONDS, loop=0, disposal=1
        )
