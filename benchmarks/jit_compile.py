"""Is a training step faster with XLA or without? Prints the ratio that `PSP.compile(jit_compile="auto")` rests on.

    python benchmarks/jit_compile.py --batch-size 16

Both versions take turns on the same batch.
"""

import argparse
import time

from timing import keras, medians

from psp_keras.data import MiniFaces, to_float
from psp_keras.losses import PSPLoss
from psp_keras.models import PSP, GradualStyleEncoder, StyleGAN2Generator


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--dtype", default="float32", choices=("float32", "mixed_bfloat16"))
    options = parser.parse_args()
    images = to_float(MiniFaces().images(range(options.batch_size)))
    steps = {}
    for jit, name in ((False, "without XLA"), (True, "with XLA")):
        model = _model(jit, options.dtype)
        steps[jit] = lambda model=model: model.train_on_batch(images, images)
        begin = time.perf_counter()
        steps[jit]()
        print(f"first step {name} (tracing and compiling): {time.perf_counter() - begin:.1f} s")
    seconds = medians(steps, options.rounds)
    print(f"step: {1e3 * seconds[False]:.0f} ms without XLA, {1e3 * seconds[True]:.0f} ms with")
    print(f"XLA takes {seconds[True] / seconds[False]:.2f} times as long")


def _model(jit, dtype):
    keras.utils.set_random_seed(0)
    generator = StyleGAN2Generator.from_preset("mini_faces_stylegan2", dtype=dtype)
    size = {"num_layers": 18, "width": 16, "style_filters": 48}
    model = PSP(GradualStyleEncoder.for_generator(generator, **size, dtype=dtype), generator, dtype=dtype)
    loss = PSPLoss(perceptual_network="mini_faces_vgg", arcface="mini_faces_arcface")
    model.compile(loss=loss, jit_compile=jit)
    return model


if __name__ == "__main__":
    main()
