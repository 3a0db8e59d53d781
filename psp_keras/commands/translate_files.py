"""`psp-keras translate`: picture files through a pSp model."""

import functools

import numpy as np
from PIL import Image

from psp_keras.batches import images_at_once, map_ahead
from psp_keras.commands.picture_files import batch_sizes, collect_files, name_outputs, stream
from psp_keras.data.image_files import write_image
from psp_keras.errors import print_left_out
from psp_keras.option_kinds import check_whole
from psp_keras.tasks.encoder_inputs import EncoderInputs
from psp_keras.tasks.registry import get_task


def translate_files(model, inputs, output, couple=False, resize=True, mask=None, factor=None, on_broken=print_left_out):
    """Translates picture files; a broken one is reported and left out.

    Args:
        model: `PSP`.
        inputs: files and folders.
        output: folder for the PNG files, named after their sources.
        couple: whether to put source and output side by side.
        resize: whether to shrink outputs larger than 256 pixels to 256.
        mask: what inpainting hides, instead of the task's; see `Task`.
        factor: what super-resolution shrinks sharp pictures by first; by default they are small already.
        on_broken: called with a line for each file that cannot be read and is left out.

    Returns:
        Paths of the pictures written.

    Raises:
        UserError: an input does not exist, or the output cannot be written or would replace an input.
    """
    if factor is not None:
        check_whole(1, factor=factor)
    paths = collect_files(inputs)
    targets = name_outputs(paths, output, [mask] if mask else [])
    seen = EncoderInputs.to_translate(get_task(model.task), model.encoder.image_size, mask, factor)
    first = min(1, len(paths))  # alone, so that it need not wait until the network is compiled

    def write(translated):
        path, source, picture = translated
        write_image(targets[path], _beside(source, picture) if couple else picture)
        return targets[path]

    sizes = [first, *batch_sizes(len(paths) - first, images_at_once(model.generator.resolution))]
    run = functools.partial(model.translate, resize=resize)
    return list(map_ahead(write, stream(paths, seen, run, sizes, on_broken)))


def _beside(source, picture):
    resized = Image.fromarray(source).resize(picture.shape[1::-1], Image.Resampling.NEAREST)
    return np.concatenate([np.asarray(resized), picture], axis=1)
