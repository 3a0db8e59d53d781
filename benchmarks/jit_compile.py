"""Is a training step faster with XLA or without? Prints the ratio that `PSP.compile(jit_compile="auto")` rests on.

    python benchmarks/jit_compile.py --batch-size 16

Both versions take turns on the same batch; the medians are over the rounds after the first, which compiles.
"""

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from psp_keras.data import MiniFaces, to_float
from psp_keras.losses import PSPLoss
from psp_keras.models import PSP, StyleGAN2Generator
from psp_keras.training.psp import make_encoder


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--dtype", default="float32", choices=("float32", "mixed_bfloat16"))
    options = parser.parse_args()
    images = to_float(MiniFaces().images(range(options.batch_size)))
    models = {jit: _model(jit, options.dtype) for jit in (False, True)}
    seconds = {jit: [] for jit in models}
    for _ in range(options.rounds + 1):
        for jit, model in models.items():
            start = time.perf_counter()
            model.train_on_batch(images, images)
            seconds[jit].append(time.perf_counter() - start)
    medians = {jit: np.median(times[1:]) for jit, times in seconds.items()}
    print(f"first step (tracing and compiling): {seconds[False][0]:.1f} s without XLA, {seconds[True][0]:.1f} s with")
    print(f"step: {1e3 * medians[False]:.0f} ms without XLA, {1e3 * medians[True]:.0f} ms with")
    print(f"XLA takes {medians[True] / medians[False]:.2f} times as long")


def _model(jit, dtype):
    keras.utils.set_random_seed(0)
    generator = StyleGAN2Generator.from_preset("mini_faces_stylegan2", dtype=dtype)
    model = PSP(make_encoder("gradual", generator, 18, 16, 48, dtype), generator, dtype=dtype)
    loss = PSPLoss(perceptual_network="mini_faces_vgg", arcface="mini_faces_arcface")
    model.compile(loss=loss, jit_compile=jit)
    return model


if __name__ == "__main__":
    main()
