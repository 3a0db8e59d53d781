"""How quick are the commands on a folder, beside `predict` on arrays? Pictures a second, reading and writing included.

    python benchmarks/commands.py --resolutions 64 1024
    python benchmarks/commands.py --resolutions 64 --clock cpu    # where others use the machine too

At 64 pixels the model is `mini_faces_inversion` and the folder holds 100 pictures; at 1024 it has the published size
and random weights, and the folder holds few pictures, since each takes seconds. Everything is measured in one process,
after a first run that compiles, which is shown too. `mix` draws several images a picture, which are counted; `evaluate`
computes metrics besides; `project` takes few steps, each of which costs about three times what drawing does.
"""

import argparse
import contextlib
import io
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from timing import keras, machine, record

from psp_keras.batches import images_at_once
from psp_keras.commands.mix_files import mix_files
from psp_keras.commands.project_files import project_files
from psp_keras.commands.translate_files import translate_files
from psp_keras.data import MiniFaces, to_float, write_image
from psp_keras.evaluation import evaluate
from psp_keras.evaluation.translation_metrics import TranslationMetrics
from psp_keras.models import PSP, GradualStyleEncoder, StyleGAN2Generator
from psp_keras.models.resolutions import num_styles

COUNTS = {64: 100, 1024: 4}
ROUNDS = {64: 5, 1024: 1}
VARIANTS, STEPS = 2, 2
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resolutions", nargs="+", type=int, default=list(COUNTS), choices=list(COUNTS))
    parser.add_argument("--clock", default="wall", choices=list(CLOCKS), help="time by the wall, or of the processor")
    parser.add_argument("--results", help="file to append the results to, a line of JSON each")
    options = parser.parse_args()
    print(machine())
    for resolution in options.resolutions:
        with tempfile.TemporaryDirectory() as scratch:
            measure(resolution, Path(scratch), CLOCKS[options.clock], options.results)


def measure(resolution, scratch, clock, results):
    """Times every command in turns with `predict`, and prints a row for each."""
    count = COUNTS[resolution]
    faces = write_faces(scratch / "faces", count, resolution)
    runs, drawn = commands(model_of(resolution), faces, scratch), {"mix": VARIANTS * count}
    first = {name: seconds_of(run, clock) for name, run in runs.items()}
    rounds = [{name: seconds_of(run, clock) for name, run in runs.items()} for _ in range(ROUNDS[resolution])]
    for name in runs:
        seconds = float(np.median([measured[name] for measured in rounds]))
        images = drawn.get(name, count)
        print(
            f"{resolution:5} {name:10}{images / seconds:8.2f} pictures a second, {images / first[name]:8.2f} in the "
            f"first run",
            flush=True,
        )
        record(results, f"command {name}", "float32", resolution=resolution, batch=images, seconds=seconds)


def commands(model, faces, scratch):
    """The functions behind the commands, and `predict`."""
    images = to_float(np.stack([_read(path, model.encoder.image_size) for path in sorted(faces.iterdir())]))
    batch_size, metrics = images_at_once(model.generator.resolution), TranslationMetrics()
    return {
        "predict": lambda: model.predict(images, batch_size=batch_size, verbose=0),
        "translate": lambda: translate_files(model, [faces], scratch / "translated", resize=False),
        "mix": lambda: mix_files(model, [faces], scratch / "mixes.png", VARIANTS),
        "evaluate": lambda: evaluate(model, faces, count=len(images), metrics=metrics),
        "project": lambda: project_files(model, [faces], scratch / "projected", steps=STEPS),
    }


def model_of(resolution):
    """The preset of 64 pixels, or a pSp of the published size with random weights."""
    if resolution == 64:
        return PSP.from_preset("mini_faces_inversion")
    keras.utils.set_random_seed(0)
    return PSP(GradualStyleEncoder(num_styles(resolution)), StyleGAN2Generator(resolution))


def write_faces(folder, count, resolution):
    """Writes MiniFaces as JPEG files of the resolution."""
    for index, face in enumerate(MiniFaces(min(resolution, 256), split="test").images(range(count))):
        write_image(folder / f"{index:04d}.jpg", Image.fromarray(face).resize((resolution, resolution)))
    return folder


def seconds_of(run, clock):
    """Seconds that a function takes; what it prints is left out."""
    with contextlib.redirect_stdout(io.StringIO()):
        begin = clock()
        run()
    return clock() - begin


def _read(path, size):
    with Image.open(path) as image:
        return np.asarray(image.resize((size, size)))


if __name__ == "__main__":
    main()
