"""`psp-keras translate`: picture files through a pSp model."""

from pathlib import Path

import keras
import numpy as np
from PIL import Image

from psp_keras.check_output import PICTURE_ENDINGS, check_files
from psp_keras.data.grids import image_grid
from psp_keras.data.image_files import list_images, to_uint8, write_image
from psp_keras.data.image_source import read_images
from psp_keras.data.inpainting_mask import InpaintingMask
from psp_keras.data.low_resolution import LowResolution
from psp_keras.errors import UserError, print_left_out
from psp_keras.option_kinds import check_number, check_whole
from psp_keras.progress import Progress
from psp_keras.tasks.registry import get_task
from psp_keras.values import LARGEST_SEED, is_whole

_BATCH = 8


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
    paths = collect_files(inputs)
    targets = name_outputs(paths, Path(output), [mask] if mask else [])
    reader = _Reader(model, mask, factor)
    progress, written = Progress(len(paths), "picture"), []
    for start in range(0, len(paths), _BATCH):
        chosen, batch, images = paths[start : start + _BATCH], [], []
        for path in chosen:
            try:
                images.append(reader.read(path))
                batch.append(path)
            except UserError as error:
                on_broken(str(error))
        if batch:
            seen = reader.to_input(np.stack(images), start)
            outputs = to_uint8(keras.ops.convert_to_numpy(model.translate(seen, resize=resize)))
            for path, source, picture in zip(batch, reader.to_pictures(seen), outputs):
                write_image(targets[path], _beside(source, picture) if couple else picture)
                written.append(targets[path])
        progress.add(len(chosen))
    return written


def mix_files(model, inputs, output, num_outputs=5, latent_mask=None, alpha=None, seed=0, on_broken=print_left_out):
    """Writes a grid of pictures and their variants with some styles replaced.

    Args:
        model: `PSP`.
        inputs: files and folders.
        output: the picture to write.
        num_outputs: variants a picture.
        latent_mask: styles to replace; by default the task's, 8 to 17 of 18 as in the paper.
        alpha: blend in the masked styles, see `PSP.translate`.
        seed: of the random styles.
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
    styles, reader = model.generator.num_styles, _Reader(model)
    mask = reader.task.style_mask(styles) if latent_mask is None else latent_mask
    if not mask or not all(is_whole(index, 0) for index in mask):
        raise UserError(f"`latent_mask` must list styles, whole numbers from 0, got {mask!r}.")
    if max(mask) >= styles:
        raise UserError(f"`latent_mask` names style {max(mask)}, but the generator has styles 0 to {styles - 1}.")
    seen = reader.to_input(read_images(paths, reader.read, on_broken)[1])
    rows = []
    for start in range(0, len(seen), _BATCH):
        batch = seen[start : start + _BATCH]
        mixes = to_uint8(keras.ops.convert_to_numpy(model.style_mix(batch, num_outputs, mask, alpha, seed)))
        rows += [[source, *mixed] for source, mixed in zip(reader.to_pictures(batch), mixes)]
    write_image(output, image_grid(rows, column_titles=["input", *(f"mix {i + 1}" for i in range(num_outputs))]))
    return len(rows)


class _Reader:
    """Reads source files as a model's task wants them."""

    def __init__(self, model, mask=None, factor=None):
        self.task = get_task(model.task)
        if mask and self.task.degrade != "mask":
            raise UserError(f"`mask` belongs to inpainting; the preset's task is {self.task.name}.")
        if factor is not None:
            check_whole(1, factor=factor)
        if factor and self.task.degrade != "low_resolution":
            raise UserError(f"`factor` belongs to super_resolution; the preset's task is {self.task.name}.")
        self._size = model.encoder.image_size
        self._source = self.task.open_source()
        self.to_pictures = self._source.to_pictures
        self._mask = InpaintingMask(self._size, mask or self.task.mask) if self.task.degrade == "mask" else None
        self._shrink = LowResolution(self._size, (factor,)) if factor else None

    def read(self, path):
        return self._source.read(path, self._size)

    def to_input(self, stored, first=0):
        """NumPy encoder inputs; `first`, the number of the first picture, seeds random masks."""
        seen = self._source.to_input(stored)
        if self._mask:
            seen = self._mask(seen, (first, 0))
        if self._shrink:
            seen = self._shrink(seen)
        return seen.numpy()


def collect_files(inputs):
    """Files and the pictures in folders, each once."""
    return list(dict.fromkeys(path for name in inputs for path in _files(Path(name))))


def _files(path):
    if path.is_dir():
        return list_images(path)
    if not path.exists():
        raise UserError(f"There is no file or folder {path}.")
    return [path]


def name_outputs(paths, output, also_read=()):
    """A PNG name for each file; files of the same stem keep their extension and number apart.

    Args:
        paths: the inputs.
        output: folder for the outputs.
        also_read: other files that the command reads.

    Raises:
        UserError: an output would replace an input, or cannot be written.
    """
    targets, taken = {}, set()
    for path in paths:
        candidates = [path.stem, path.name.replace(".", "_"), *(f"{path.stem}_{i}" for i in range(2, len(paths) + 2))]
        name = next(name for name in candidates if name not in taken)
        taken.add(name)
        targets[path] = output / f"{name}.png"
        if name != path.stem:
            print(f"{path}: another picture is called {path.stem}, so this one becomes {targets[path].name}.")
    check_outputs(targets, also_read)
    return targets


def check_outputs(targets, also_read=()):
    """Raises a `UserError` when an output, by its input, would replace an input, something else or another output."""
    check_files(targets.values(), [*targets, *also_read])
    taken = {}
    for path, target in targets.items():
        if target in taken:
            raise UserError(f"{path} and {taken[target]} would both become {target}: rename one of them.")
        taken[target] = path


def _beside(source, picture):
    resized = Image.fromarray(source).resize(picture.shape[1::-1], Image.Resampling.NEAREST)
    return np.concatenate([np.asarray(resized), picture], axis=1)
