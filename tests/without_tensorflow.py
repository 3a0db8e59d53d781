"""Both trainers on JAX where TensorFlow cannot be imported; `test_without_tensorflow.py` runs it.

python tests/without_tensorflow.py FOLDER
"""

import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"
sys.modules["tensorflow"] = None  # what is not installed

from psp_keras.callbacks import TrainingCheckpoint  # noqa: E402
from psp_keras.cli import main  # noqa: E402
from tests.helpers import tiny_generator  # noqa: E402

SMALL = "--batch-size 4 --steps-per-epoch 4"
GAN = "--resolution 16 --style-dim 8 --mapping-layers 2 --channel-base 64 --channel-max 8 --num-mini-faces 40"
PSP = "--encoder into_w --num-layers 10 --width 4 --lpips 0 --id 0"


def run(command):
    assert main(command.split()) == 0, command


def stop(command):
    """Runs a training and stops it, as Ctrl-C does, after its first checkpoint."""
    save = TrainingCheckpoint.on_epoch_end

    def save_and_stop(self, epoch, logs=None):
        save(self, epoch, logs)
        raise KeyboardInterrupt

    TrainingCheckpoint.on_epoch_end = save_and_stop
    assert main(command.split()) == 130, command
    TrainingCheckpoint.on_epoch_end = save


def train(folder):
    """Trains each for eight steps, at once and in two parts, then uses what they made."""
    tiny_generator().save_to_preset(folder / "generator")
    run(f"mini-faces {folder}/faces --count 40 --size 32")
    images, sketches = f"{folder}/faces/images", f"{folder}/faces/sketches"
    psp = f"train {SMALL} {PSP} --steps 8 --generator {folder}/generator"
    gan = f"train-gan {SMALL} {GAN} --kimg 0.032"
    for kind, command in (("gan", f"{gan} --data mini_faces"), ("psp", f"{psp} --data {images}")):
        run(f"{command} --output {folder}/{kind}_whole")
        stop(f"{command} --output {folder}/{kind}_resumed")
        run(f"{command} --output {folder}/{kind}_resumed")
    run(f"{psp} --task sketch_to_face --source {sketches} --target {images} --output {folder}/pairs")
    run(f"translate {folder}/psp_whole {images} --output {folder}/translated")
    run(f"evaluate {folder}/psp_whole --count 4 --metrics l2,psnr,ssim --output {folder}/report.json")


if __name__ == "__main__":
    train(Path(sys.argv[1]))
