"""`psp-keras make-sketches`: line drawings from photos, to train a sketch encoder on one's own pictures."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageFilter, ImageOps

from psp_keras.commands.picture_files import check_outputs, collect_files
from psp_keras.data.image_files import open_picture, write_image
from psp_keras.errors import UserError, print_left_out
from psp_keras.option_kinds import check_above_zero
from psp_keras.progress import Progress


def make_sketches(inputs, output, thickness=1.0, on_broken=print_left_out):
    """Draws an edge sketch of each picture, of the same size, dark lines on white.

    Args:
        inputs: files and folders.
        output: folder for the PNG files, named after their photos below an input folder, so that training finds pairs.
        thickness: of the lines; 1 suits every picture size.
        on_broken: called with a line for each file that cannot be read and is left out.

    Returns:
        Paths of the sketches.

    Raises:
        UserError: an input does not exist, or the output cannot be written or would replace an input.
    """
    check_above_zero(thickness=thickness)
    targets = _name_sketches(inputs, Path(output))
    paths = list(targets)
    progress, written = Progress(len(paths), "picture"), []
    for path in paths:
        try:
            with open_picture(path) as image:
                sketch = draw_sketch(ImageOps.exif_transpose(image), thickness)
        except UserError as error:
            on_broken(str(error))
        else:
            write_image(targets[path], sketch)
            written.append(targets[path])
        progress.add()
    return written


def _name_sketches(inputs, output):
    """The sketch of each photo: the same name in the same subfolder."""
    targets = {}
    for name in map(Path, inputs):
        for path in collect_files([name]):
            below = path.relative_to(name) if name.is_dir() else Path(path.name)
            targets[path] = output / below.with_suffix(".png")
    check_outputs(targets)
    return targets


def draw_sketch(image, thickness=1.0):
    """Returns the edges of a Pillow image as a grey one: where a fine blur is darker than a coarse one."""
    grey = ImageOps.autocontrast(image.convert("RGB").convert("L"), cutoff=1)
    radius = thickness * max(image.size) / 160
    fine, coarse = (grey.filter(ImageFilter.GaussianBlur(scale * radius)) for scale in (0.6, 1.6))
    edges = np.asarray(ImageChops.subtract(coarse, fine), "float32")
    strongest = max(float(np.percentile(edges, 99)), 1.0)
    return Image.fromarray((255 * (1 - np.clip(1.6 * edges / strongest - 0.3, 0, 1))).astype("uint8"))
