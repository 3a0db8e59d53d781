"""`psp-keras mini-faces`: the MiniFaces world as folders of PNG files."""

import json
from pathlib import Path

from PIL import Image

from psp_keras.data.face_renderer import PALETTE
from psp_keras.data.image_files import write_image
from psp_keras.data.mini_faces import MiniFaces
from psp_keras.progress import Progress


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
    """
    output = Path(output)
    faces = MiniFaces(size, seed, split, num_identities, style)
    progress = Progress(count, "face")
    lines = []
    for i in range(count):
        sample = faces[i]
        name = f"{i:06d}.png"
        labels = Image.fromarray(sample.segmentation, "P")
        labels.putpalette(PALETTE.ravel().tolist())
        for folder, picture in (
            ("images", sample.image),
            ("frontal", sample.frontal),
            ("sketches", sample.sketch),
            ("segmentation", labels),
        ):
            write_image(output / folder / name, picture)
        lines.append(json.dumps({"file": name, "identity": sample.identity, **sample.attributes}))
        progress.add()
    (output / "attributes.jsonl").write_text("\n".join(lines) + "\n")
