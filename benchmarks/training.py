"""How long does a training step of the published size take, and how much memory?

    python benchmarks/training.py --dtype mixed_bfloat16

A step trains an IR-SE50 encoder against a frozen generator with the L2, LPIPS (VGG16) and identity losses, about
1.8 TFLOP at 1024 with batch 2. The weights are random.
"""

import argparse

import numpy as np
from timing import CALIBRATION_GFLOP, calibration, keras, machine, medians, peak_memory, record

from psp_keras import PSP
from psp_keras.losses import PSPLoss
from psp_keras.models import ArcFace, GradualStyleEncoder, PerceptualNetwork, StyleGAN2Generator
from psp_keras.models.resolutions import num_styles


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dtype", default="float32", choices=("float32", "mixed_bfloat16"))
    parser.add_argument("--resolution", type=int, default=1024, choices=(64, 128, 256, 512, 1024))
    parser.add_argument("--batch-size", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--results", help="file to append the results to, a line of JSON each")
    options = parser.parse_args()
    print(machine())
    model = published_size(options.resolution, options.dtype)
    images, targets = (
        np.random.default_rng(0).uniform(-1, 1, (options.batch_size, size, size, 3)).astype("float32")
        for size in (256, min(options.resolution, 256))
    )
    seconds = medians(
        {"calibration": calibration(options.dtype), "step": lambda: model.train_on_batch(images, targets)},
        options.rounds,
    )
    rate = CALIBRATION_GFLOP / seconds["calibration"]
    print(
        f"{options.dtype}, {options.resolution}, batch {options.batch_size}: {seconds['step']:.2f} s a step, "
        f"{peak_memory():.1f} GB at most (calibration {rate:.0f} GFLOP/s)"
    )
    measured = {"seconds": seconds["step"], "peak_gb": peak_memory()}
    record(options.results, "training", options.dtype, batch=options.batch_size, **measured)


def published_size(resolution, dtype):
    """A compiled `PSP` with the losses of the paper."""
    keras.utils.set_random_seed(0)
    encoder = GradualStyleEncoder(num_styles(resolution), dtype=dtype)
    model = PSP(encoder, StyleGAN2Generator(resolution, dtype=dtype), dtype=dtype)
    networks = {"perceptual_network": PerceptualNetwork("vgg16"), "arcface": ArcFace()}
    for network in networks.values():
        network.build()
    model.compile(loss=PSPLoss(**networks))
    return model


if __name__ == "__main__":
    main()
