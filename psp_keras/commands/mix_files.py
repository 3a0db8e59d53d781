"""`psp-keras mix`: variants of picture files with some styles replaced."""

import functools

from psp_keras.batches import images_at_once
from psp_keras.check_output import PICTURE_ENDINGS, check_files
from psp_keras.commands.picture_files import batch_sizes, collect_files, stream
from psp_keras.data.grids import image_grid
from psp_keras.data.image_files import write_image
from psp_keras.errors import UserError, print_left_out
from psp_keras.option_kinds import check_number, check_whole
from psp_keras.tasks.encoder_inputs import EncoderInputs
from psp_keras.tasks.face_photos import open_face_photos
from psp_keras.tasks.registry import get_task
from psp_keras.values import LARGEST_SEED, is_whole


def mix_files(
    model,
    inputs,
    output,
    num_outputs=5,
    latent_mask=None,
    alpha=None,
    seed=0,
    align=False,
    on_broken=print_left_out,
):
    """Writes a grid of pictures and their variants with some styles replaced.

    Args:
        model: `PSP`.
        inputs: files and folders.
        output: the picture to write.
        num_outputs: variants a picture.
        latent_mask: styles to replace; by default the task's, 8 to 17 of 18 as in the paper.
        alpha: blend in the masked styles, see `PSP.translate`.
        seed: of the random styles.
        align: whether to cut the largest face out of each photo first, see `align_face`.
        on_broken: called with a line for each file that cannot be read and is left out.

    Returns:
        Number of pictures mixed.

    Raises:
        UserError: an input does not exist, or the output cannot be written or would replace an input.
    """
    paths = collect_files(inputs)
    check_files([output], paths, PICTURE_ENDINGS)
    check_whole(1, num_outputs=num_outputs)
    check_whole(0, LARGEST_SEED, seed=seed)
    if alpha is not None:
        check_number(0, 1, alpha=alpha)
    task, styles = get_task(model.task), model.generator.num_styles
    mask = task.style_mask(styles) if latent_mask is None else latent_mask
    if not mask or not all(is_whole(index, 0) for index in mask):
        raise UserError(f"`latent_mask` must list styles, whole numbers from 0, got {mask!r}.")
    if max(mask) >= styles:
        raise UserError(f"`latent_mask` names style {max(mask)}, but the generator has styles 0 to {styles - 1}.")
    sizes = batch_sizes(len(paths), max(1, images_at_once(model.generator.resolution) // num_outputs))
    run = functools.partial(model.style_mix, num_outputs=num_outputs, latent_mask=mask, alpha=alpha, seed=seed)
    seen = EncoderInputs.to_translate(task, model.encoder.image_size)
    read = open_face_photos(task, model.encoder.image_size).read_one if align else None
    rows = [[source, *mixed] for _, source, mixed in stream(paths, seen, run, sizes, on_broken, read)]
    if not rows:
        raise UserError(f"None of the {len(paths)} pictures can be read.")
    write_image(output, image_grid(rows, column_titles=["input", *(f"mix {i + 1}" for i in range(num_outputs))]))
    return len(rows)
