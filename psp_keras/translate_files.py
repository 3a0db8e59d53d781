"""`psp-keras translate`: picture files through a pSp model."""

from pathlib import Path

import keras
import numpy as np
from PIL import Image

from psp_keras.data.grids import image_grid
from psp_keras.data.image_files import list_images, read_image, to_float, to_uint8, write_image
from psp_keras.data.image_source import read_images
from psp_keras.errors import UserError, print_left_out

_BATCH = 8


def translate_files(model, inputs, output, couple=False, resize=True, on_broken=print_left_out):
    """Translates picture files; a broken one is reported and left out.

    Args:
        model: `PSP`.
        inputs: files and folders.
        output: folder for the PNG files, named after their sources.
        couple: whether to put source and output side by side.
        resize: whether to shrink outputs larger than 256 pixels to 256.
        on_broken: called with a line for each file that cannot be read and is left out.

    Returns:
        Paths of the pictures written.

    Raises:
        UserError: an input does not exist, or the output cannot be written or would replace an input.
    """
    paths = _collect(inputs)
    targets = _targets(paths, Path(output))
    bar, written = keras.utils.Progbar(len(paths), unit_name="picture"), []
    for start in range(0, len(paths), _BATCH):
        batch, images = [], []
        for path in paths[start : start + _BATCH]:
            try:
                images.append(read_image(path, model.encoder.image_size))
                batch.append(path)
            except UserError as error:
                on_broken(str(error))
        if batch:
            outputs = to_uint8(keras.ops.convert_to_numpy(model.translate(to_float(images), resize=resize)))
            for path, source, picture in zip(batch, images, outputs):
                write_image(targets[path], _beside(source, picture) if couple else picture)
                written.append(targets[path])
        bar.update(min(start + _BATCH, len(paths)))
    return written


def mix_files(model, inputs, output, num_outputs=5, latent_mask=None, alpha=None, seed=0, on_broken=print_left_out):
    """Writes a grid of pictures and their variants with some styles replaced.

    Args:
        model: `PSP`.
        inputs: files and folders.
        output: the picture to write.
        num_outputs: variants a picture.
        latent_mask: styles to replace; by default the finer ones, 8 to 17 of 18 as in the paper.
        alpha: blend in the masked styles, see `PSP.translate`.
        seed: of the random styles.
        on_broken: called with a line for each file that cannot be read and is left out.

    Returns:
        Number of pictures mixed.
    """
    styles = model.generator.num_styles
    mask = range(4 * styles // 9, styles) if latent_mask is None else latent_mask
    if max(mask) >= styles:
        raise UserError(f"--latent-mask names style {max(mask)}, but the generator has styles 0 to {styles - 1}.")
    paths = _collect(inputs)
    images = read_images(paths, model.encoder.image_size, on_broken)[1]
    mixes = [model.style_mix(to_float(image[None]), num_outputs, mask, alpha, seed)[0] for image in images]
    rows = [[image, *to_uint8(keras.ops.convert_to_numpy(mix))] for image, mix in zip(images, mixes)]
    write_image(output, image_grid(rows, column_titles=["input", *(f"mix {i + 1}" for i in range(num_outputs))]))
    return len(rows)


def _collect(inputs):
    """Files and the pictures in folders, each once."""
    return list(dict.fromkeys(path for name in inputs for path in _files(Path(name))))


def _files(path):
    if path.is_dir():
        return list_images(path)
    if not path.exists():
        raise UserError(f"There is no file or folder {path}.")
    return [path]


def _targets(paths, output):
    """A PNG name for each file; files of the same stem keep their extension and number apart."""
    targets, taken = {}, set()
    for path in paths:
        candidates = [path.stem, path.name.replace(".", "_"), *(f"{path.stem}_{i}" for i in range(2, len(paths) + 2))]
        name = next(name for name in candidates if name not in taken)
        taken.add(name)
        targets[path] = output / f"{name}.png"
    sources = {path.resolve() for path in paths}
    for target in targets.values():
        if target.resolve() in sources:
            raise UserError(f"The output would replace the input {target}: choose another --output.")
    return targets


def _beside(source, picture):
    resized = Image.fromarray(source).resize(picture.shape[1::-1], Image.Resampling.NEAREST)
    return np.concatenate([np.asarray(resized), picture], axis=1)
