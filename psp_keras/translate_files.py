"""`psp-keras translate`: picture files through a pSp model."""

from pathlib import Path

import keras
import numpy as np

from psp_keras.commands.translate_faces import beside, check_face_options, translate_faces
from psp_keras.commands.translate_video import check_video, is_video, translate_video
from psp_keras.data.grids import image_grid
from psp_keras.data.image_files import list_images, to_uint8, write_image
from psp_keras.data.image_source import read_images
from psp_keras.data.inpainting_mask import InpaintingMask
from psp_keras.data.low_resolution import LowResolution
from psp_keras.errors import UserError, print_left_out
from psp_keras.tasks.face_photos import open_face_photos
from psp_keras.tasks.registry import get_task

_BATCH = 8


def translate_files(
    model,
    inputs,
    output,
    couple=False,
    resize=True,
    mask=None,
    factor=None,
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
        align: whether to cut the faces out of photos, see `align_face`.
        faces: with `align`, `"largest"` for one face a photo, or `"all"`.
        landmarks: with `align`, a JSON file of the faces in the photos, see `read_landmarks`.
        paste_back: with `align`, whether to write the photos with the outputs in them, as they were written.
        on_broken: called with a line for each file that cannot be read and is left out.

    Returns:
        Paths of the pictures written.

    Raises:
        UserError: an input does not exist, or the output cannot be written or would replace an input.
    """
    check_face_options(align, faces, landmarks, paste_back)
    paths = collect_files(inputs)
    if is_video(output) or any(map(is_video, paths)):
        check_video(paths, output, paste_back, {"couple": couple, "landmarks": landmarks})
    reader = _Reader(model, mask, factor)
    if align:
        photos = open_face_photos(reader.task, model.encoder.image_size, faces, landmarks)

        def translate(crops, first):
            seen = reader.to_input(crops, first)
            outputs = model.translate(seen, resize=resize and not paste_back)
            return reader.to_pictures(seen), to_uint8(keras.ops.convert_to_numpy(outputs))

        if is_video(output):
            translate_video(translate, paths[0], output, model.encoder.image_size, faces)
            return [Path(output)]
        targets = name_outputs(paths, Path(output), None if paste_back else ".png")
        return translate_faces(translate, photos, targets, couple, paste_back, on_broken)
    targets = name_outputs(paths, Path(output))
    bar, written = keras.utils.Progbar(len(paths), unit_name="picture"), []
    for start in range(0, len(paths), _BATCH):
        batch, images = [], []
        for path in paths[start : start + _BATCH]:
            try:
                images.append(reader.read(path))
                batch.append(path)
            except UserError as error:
                on_broken(str(error))
        if batch:
            seen = reader.to_input(np.stack(images), start)
            outputs = to_uint8(keras.ops.convert_to_numpy(model.translate(seen, resize=resize)))
            for path, source, picture in zip(batch, reader.to_pictures(seen), outputs):
                write_image(targets[path], beside(source, picture) if couple else picture)
                written.append(targets[path])
        bar.update(min(start + _BATCH, len(paths)))
    return written


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
    """
    styles, reader = model.generator.num_styles, _Reader(model)
    read = open_face_photos(reader.task, model.encoder.image_size).read_one if align else reader.read
    mask = reader.task.style_mask(styles) if latent_mask is None else latent_mask
    if max(mask) >= styles:
        raise UserError(f"--latent-mask names style {max(mask)}, but the generator has styles 0 to {styles - 1}.")
    seen = reader.to_input(read_images(collect_files(inputs), read, on_broken)[1])
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


def name_outputs(paths, output, ending=".png"):
    """A name for each file, its own ending where `ending` is `None`; files of the same stem are kept apart."""
    targets, taken = {}, set()
    for path in paths:
        candidates = [path.stem, path.name.replace(".", "_"), *(f"{path.stem}_{i}" for i in range(2, len(paths) + 2))]
        name = next(name for name in candidates if name not in taken)
        taken.add(name)
        targets[path] = output / f"{name}{path.suffix if ending is None else ending}"
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
