"""What commands that turn picture files into picture files share: finding, naming, streaming them through a model."""

import itertools
from pathlib import Path

import keras
import numpy as np

from psp_keras.batches import even_size, map_ahead
from psp_keras.check_output import PICTURE_ENDINGS, check_files
from psp_keras.data.image_files import list_images, to_uint8
from psp_keras.errors import UserError
from psp_keras.progress import Progress


def collect_files(inputs):
    """Returns files and the pictures in folders, each once.

    Raises:
        UserError: an input does not exist, or a folder holds no picture.
    """
    return list(dict.fromkeys(path for name in inputs for path in _files(Path(name))))


def _files(path):
    if path.is_dir():
        return list_images(path)
    if not path.exists():
        raise UserError(f"There is no file or folder {path}.")
    return [path]


def name_outputs(paths, output, also_read=(), keep_endings=False):
    """Returns a PNG in the folder `output` for each file; files of one stem keep their extension and number apart.

    Args:
        paths: the files.
        output: the folder.
        also_read: further files that no output may replace.
        keep_endings: whether a picture is written in its own format instead.

    Raises:
        UserError: an output would replace an input, or cannot be written.
    """
    targets, taken = {}, set()
    for path in paths:
        candidates = [path.stem, path.name.replace(".", "_"), *(f"{path.stem}_{i}" for i in range(2, len(paths) + 2))]
        name = next(name for name in candidates if name not in taken)
        taken.add(name)
        keeps = keep_endings and path.suffix.lower() in PICTURE_ENDINGS
        targets[path] = Path(output) / f"{name}{path.suffix if keeps else '.png'}"
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


def batch_sizes(count, limit):
    """Returns the sizes of equal batches of at most `limit` that hold `count` pictures."""
    size = even_size(count, limit)
    return [size] * -(-count // size) if count else []


def stream(paths, inputs, run, sizes, on_broken, read=None):
    """Runs files through a model in batches of the given sizes, and reads the next ones meanwhile.

    Args:
        paths: the files.
        inputs: `EncoderInputs`.
        run: function of encoder inputs, to images in [-1, 1].
        sizes: pictures in each batch; one that lacks some is filled up, so that networks compile once.
        on_broken: called with a line for each file that cannot be read and is left out.
        read: function of a path, to what `inputs` take; by default their own.

    Yields:
        `(path, what the encoder sees as a picture, output in uint8)` for each file that can be read.
    """

    read = read or inputs.read

    def try_read(path):
        try:
            return read(path)
        except UserError as error:
            return error

    progress, first, stored = Progress(len(paths), "picture"), 0, map_ahead(try_read, paths)
    for size in sizes:
        batch = list(itertools.islice(zip(paths[first:], stored), size))
        for _, image in batch:
            if isinstance(image, UserError):
                on_broken(str(image))
        items = [(path, image) for path, image in batch if not isinstance(image, UserError)]
        if items:
            pictures = run_batch(inputs, run, np.stack([image for _, image in items]), first, size)
            yield from zip([path for path, _ in items], *pictures)
        first += len(batch)
        progress.add(len(batch))


def run_batch(inputs, run, stored, first, size):
    """Runs pictures through a model in a batch of a given size, filled up with the first ones.

    Args:
        inputs: `EncoderInputs`.
        run: function of encoder inputs, to images in [-1, 1].
        stored: uint8 `(N, S, S, C)`, N at most `size`.
        first: number of the first picture, see `EncoderInputs`.
        size: of the batch.

    Returns:
        What the encoder sees as pictures, and the outputs in uint8, N each.
    """
    seen = inputs(stored, first)
    outputs = run(seen[np.arange(size) % len(seen)])
    return inputs.to_pictures(seen), to_uint8(keras.ops.convert_to_numpy(outputs))[: len(seen)]
