"""`psp-keras mini-faces`: the MiniFaces world as folders of PNG files."""

import json
from pathlib import Path

from PIL import Image

from psp_keras.atomic_write import atomic_write
from psp_keras.check_output import check_files, check_folder
from psp_keras.data.image_files import write_image
from psp_keras.data.mini_faces import MiniFaces
from psp_keras.data.mini_faces.face_renderer import PALETTE
from psp_keras.progress import Progress

_FOLDERS = ("images", "frontal", "sketches", "segmentation")
_ATTRIBUTES = "attributes.jsonl"


def write_mini_faces(output, count=1000, size=64, seed=0, split="train", num_identities=None, style="photo"):
    """Writes `images/`, `frontal/`, `sketches/`, `segmentation/` (palette PNG) and `attributes.jsonl`.

    Args:
        output: the folder.
        count: samples.
        size: pixels.
        seed: which world.
        split: `"train"` or `"test"`.
        num_identities: how many people; every sample another person by default.
        style: `"photo"` or `"cartoon"`.

    Raises:
        UserError: the folder cannot be written.
    """
    output = Path(output)
    for folder in _FOLDERS:
        check_folder(output / folder)
    check_files([output / _ATTRIBUTES])
    faces = MiniFaces(size, seed, split, num_identities, style)
    progress = Progress(count, "face")
    lines = []
    for i in range(count):
        sample = faces[i]
        name = f"{i:06d}.png"
        labels = Image.fromarray(sample.segmentation, "P")
        labels.putpalette(PALETTE.ravel().tolist())
        for folder, picture in zip(_FOLDERS, (sample.image, sample.frontal, sample.sketch, labels)):
            write_image(output / folder / name, picture)
        lines.append(json.dumps({"file": name, "identity": sample.identity, **sample.attributes}))
        progress.add()
    with atomic_write(output / _ATTRIBUTES) as scratch:
        scratch.write_text("\n".join(lines) + "\n")
