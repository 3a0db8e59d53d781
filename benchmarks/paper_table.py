"""The paper's comparison of ways to invert a face (pSp, table 1), in the world of MiniFaces.

Encoders into W and naive W+ do not ship; train them first (about ten minutes each on two cores):

    for kind in into_w into_w_plus; do
      psp-keras train --data mini_faces --encoder $kind --start-from mini_faces_inversion --steps 1600 \\
        --learning-rate 2e-3 --dtype mixed_bfloat16 --num-mini-faces 12000 --output runs/$kind
    done
    python benchmarks/paper_table.py --into-w runs/into_w --into-w-plus runs/into_w_plus
"""

import argparse
import time

import keras

from psp_keras import PSP
from psp_keras.data import MiniFaces, image_grid, to_float, to_uint8, write_image
from psp_keras.editing.projection import project_images
from psp_keras.evaluation import translate_all
from psp_keras.evaluation.translation_metrics import TranslationMetrics

METRICS = ("lpips", "l2", "id")
SHOWN = 8


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into-w", required=True, help="run folder of an encoder into W")
    parser.add_argument("--into-w-plus", required=True, help="run folder of a naive W+ encoder")
    parser.add_argument("--count", type=int, default=64, help="held-out faces")
    parser.add_argument("--steps", type=int, default=300, help="of the optimisation")
    parser.add_argument("--picture", help="where to draw the first few")
    options = parser.parse_args()
    faces = to_float(MiniFaces(64, split="test").images(range(options.count)))
    psp = PSP.from_preset("mini_faces_inversion")
    ways = {
        "encoder into W": PSP.from_preset(options.into_w),
        "naive W+ encoder": PSP.from_preset(options.into_w_plus),
        "pSp": psp,
    }
    results = {
        name: timed(lambda images, model=model: translate_all(model, images), faces) for name, model in ways.items()
    }
    results["optimisation"] = timed(lambda images: project(psp, images, options.steps), faces)
    metrics = TranslationMetrics(METRICS)
    print(f"| {options.count} held-out faces | {' | '.join(METRICS)} | seconds a face |\n| --- {'| --- ' * 4}|")
    for name, (outputs, seconds) in results.items():
        measured = metrics(faces, outputs)
        cells = " | ".join(f"{measured[metric].mean():.4f}" for metric in METRICS)
        print(f"| {name} | {cells} | {seconds:.2g} |")
    if options.picture:
        rows = [faces, *(outputs for outputs, _ in results.values())]
        write_image(options.picture, image_grid([list(to_uint8(row[:SHOWN])) for row in rows], ["input", *results]))


def timed(run, faces):
    """Returns the outputs and the seconds a face takes, compilation included."""
    begin = time.perf_counter()
    outputs = run(faces)
    return outputs, (time.perf_counter() - begin) / len(faces)


def project(model, images, steps):
    latents = project_images(model.generator, images, model.generator.latent_average, steps)
    return keras.ops.convert_to_numpy(model.decode(latents))


if __name__ == "__main__":
    main()
