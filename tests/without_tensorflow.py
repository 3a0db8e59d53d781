"""Both trainers on JAX where TensorFlow cannot be imported; `test_without_tensorflow.py` runs it.

python tests/without_tensorflow.py FOLDER
"""

import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"
sys.modules["tensorflow"] = None  # what is not installed

from psp_keras.cli import main  # noqa: E402
from tests.helpers import tiny_generator  # noqa: E402

SMALL = "--batch-size 4 --steps-per-epoch 4"
GAN = "--resolution 16 --style-dim 8 --mapping-layers 2 --channel-base 64 --channel-max 8 --num-mini-faces 40"
PSP = "--encoder into_w --num-layers 10 --width 4 --lpips 0 --id 0"


def run(command):
    assert main(command.split()) == 0, command


def train(folder):
    """Trains each for eight steps, at once and in two parts, then uses what they made."""
    tiny_generator().save_to_preset(folder / "generator")
    run(f"mini-faces {folder}/faces --count 40 --size 32")
    images, sketches = f"{folder}/faces/images", f"{folder}/faces/sketches"
    psp = f"train {SMALL} {PSP} --generator {folder}/generator --data {images} --output {folder}/psp"
    gan = f"train-gan {SMALL} {GAN} --data mini_faces --output {folder}/gan"
    for first, whole in (("--steps 4", "--steps 8"), ("--kimg 0.016", "--kimg 0.032")):
        command = psp if "steps" in first else gan
        for name, length in (("whole", whole), ("resumed", first), ("resumed", whole)):
            run(f"{command}_{name} {length}")
    pairs = f"--task sketch_to_face --source {sketches} --target {images} --output {folder}/pairs --steps 8"
    run(f"train {SMALL} {PSP} --generator {folder}/generator {pairs}")
    run(f"translate {folder}/psp_whole {images} --output {folder}/translated")
    run(f"evaluate {folder}/psp_whole --count 4 --metrics l2,psnr,ssim --output {folder}/report.json")


if __name__ == "__main__":
    train(Path(sys.argv[1]))
