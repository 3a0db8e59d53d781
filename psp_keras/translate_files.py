"""`psp-keras translate`: picture files through a pSp model."""

import functools
import itertools
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from psp_keras.batches import even_size, images_at_once, map_ahead
from psp_keras.data.grids import image_grid
from psp_keras.data.image_files import list_images, to_uint8, write_image
from psp_keras.data.inpainting_mask import InpaintingMask
from psp_keras.data.low_resolution import LowResolution
from psp_keras.errors import UserError, print_left_out
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
    paths = collect_files(inputs)
    targets = name_outputs(paths, Path(output))
    reader = _Reader(model, mask, factor)
    first = min(1, len(paths))  # alone, so that it need not wait until the network is compiled

    def write(translated):
        path, source, picture = translated
        write_image(targets[path], _beside(source, picture) if couple else picture)
        return targets[path]

    sizes = [first, *_sizes(len(paths) - first, images_at_once(model.generator.resolution))]
    run = functools.partial(model.translate, resize=resize)
    return list(map_ahead(write, _stream(paths, reader, run, sizes, on_broken)))


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
    """
    styles, reader = model.generator.num_styles, _Reader(model)
    mask = reader.task.style_mask(styles) if latent_mask is None else latent_mask
    if max(mask) >= styles:
        raise UserError(f"--latent-mask names style {max(mask)}, but the generator has styles 0 to {styles - 1}.")
    paths = collect_files(inputs)
    sizes = _sizes(len(paths), max(1, images_at_once(model.generator.resolution) // num_outputs))
    run = functools.partial(model.style_mix, num_outputs=num_outputs, latent_mask=mask, alpha=alpha, seed=seed)
    rows = [[source, *mixed] for _, source, mixed in _stream(paths, reader, run, sizes, on_broken)]
    if not rows:
        raise UserError(f"None of the {len(paths)} pictures can be read.")
    write_image(output, image_grid(rows, column_titles=["input", *(f"mix {i + 1}" for i in range(num_outputs))]))
    return len(rows)


def _sizes(count, limit):
    size = even_size(count, limit)
    return [size] * -(-count // size) if count else []


def _stream(paths, reader, run, sizes, on_broken):
    """Runs files through a model in batches of the given sizes, and reads the next ones meanwhile.

    Yields:
        `(path, what the encoder sees as a picture, output in uint8)` for each file that can be read.
    """
    bar, first, stored = keras.utils.Progbar(len(paths), unit_name="picture"), 0, map_ahead(reader.try_read, paths)
    for size in sizes:
        items = list(itertools.islice(zip(paths[first:], stored), size))
        for _, image in items:
            if isinstance(image, UserError):
                on_broken(str(image))
        items = [(path, image) for path, image in items if not isinstance(image, UserError)]
        if items:
            seen = reader.to_input(np.stack([image for _, image in items]), first)
            outputs = run(seen[np.arange(size) % len(seen)])
            pictures = reader.to_pictures(seen), to_uint8(keras.ops.convert_to_numpy(outputs))
            yield from zip([path for path, _ in items], *pictures)
        first += size
        bar.update(min(first, len(paths)))


class _Reader:
    """Reads source files as a model's task wants them."""

    def __init__(self, model, mask=None, factor=None):
        self.task = get_task(model.task)
        if mask and self.task.degrade != "mask":
            raise UserError(f"--mask belongs to inpainting; the preset's task is {self.task.name}.")
        if factor and self.task.degrade != "low_resolution":
            raise UserError(f"--factor belongs to super_resolution; the preset's task is {self.task.name}.")
        self._size = model.encoder.image_size
        self._source = self.task.open_source()
        self.to_pictures = self._source.to_pictures
        self._mask = InpaintingMask(self._size, mask or self.task.mask) if self.task.degrade == "mask" else None
        self._shrink = LowResolution(self._size, (factor,)) if factor else None

    def read(self, path):
        return self._source.read(path, self._size)

    def try_read(self, path):
        """The stored picture, or the `UserError` that says why there is none."""
        try:
            return self.read(path)
        except UserError as error:
            return error

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


def name_outputs(paths, output):
    """A PNG name for each file; files of the same stem keep their extension and number apart."""
    targets, taken = {}, set()
    for path in paths:
        candidates = [path.stem, path.name.replace(".", "_"), *(f"{path.stem}_{i}" for i in range(2, len(paths) + 2))]
        name = next(name for name in candidates if name not in taken)
        taken.add(name)
        targets[path] = output / f"{name}.png"
    check_outputs(targets)
    return targets


def check_outputs(targets):
    """Raises a `UserError` when an output, by its input, would replace an input or another output."""
    inputs = {path.resolve() for path in targets}
    taken = {}
    for path, target in targets.items():
        if target.resolve() in inputs:
            raise UserError(f"The output would replace the input {target}: choose another --output.")
        if target in taken:
            raise UserError(f"{path} and {taken[target]} would both become {target}: rename one of them.")
        taken[target] = path


def _beside(source, picture):
    resized = Image.fromarray(source).resize(picture.shape[1::-1], Image.Resampling.NEAREST)
    return np.concatenate([np.asarray(resized), picture], axis=1)
