"""How fast are generator and encoder of the published size? Seconds, and the share of a plain convolution's speed.

    python benchmarks/inference.py
    KERAS_BACKEND=jax python benchmarks/inference.py

The weights are random. The work counted is the published networks' (148 GFLOP an image in the generator, 145 in the
encoder), whatever ours do, and the measured time is that of `predict_on_batch`.
"""

import argparse
import os

import numpy as np
from timing import CALIBRATION_GFLOP, calibration, keras, machine, medians, record

from psp_keras.models import GradualStyleEncoder, StyleGAN2Generator

GFLOP = {"generator": 148, "encoder": 145}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dtypes", nargs="+", default=["float32", "mixed_bfloat16", "bfloat16"])
    parser.add_argument("--networks", nargs="+", default=list(GFLOP), choices=list(GFLOP))
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 4])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--frozen", action="store_true", help="let oneDNN keep the weights packed, as a server may")
    parser.add_argument("--results", help="file to append the results to, a line of JSON each")
    options = parser.parse_args()
    if options.frozen:
        os.environ["TF_ONEDNN_ASSUME_FROZEN_WEIGHTS"] = "1"
    print(machine())
    for dtype in options.dtypes:
        for network in options.networks:
            name = f"frozen {network}" if options.frozen else network
            measure(name, network, dtype, options.batches, options.rounds, options.results)


def measure(name, network, dtype, batches, rounds, results):
    """Times one network in turns with the calibration, and prints a row for every batch size."""
    runs = {batch: run_of(network, dtype, batch) for batch in batches}
    seconds = medians({"calibration": calibration(dtype), **runs}, rounds)
    possible = CALIBRATION_GFLOP / seconds.pop("calibration")
    for batch, taken in seconds.items():
        rate = GFLOP[network] * batch / taken
        print(
            f"{name:18}{dtype:16}batch {batch:<4}{taken:7.3f} s {rate:8.0f} GFLOP/s, "
            f"{rate / possible:4.0%} of the calibration's {possible:.0f}",
            flush=True,
        )
        record(results, name, dtype, batch=batch, seconds=taken, share=rate / possible)


def run_of(network, dtype, batch):
    """A function that runs one batch through a network with random weights."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    if network == "generator":
        generator = StyleGAN2Generator(dtype=dtype)
        generator.build()
        latents = rng.normal(size=(batch, generator.num_styles, generator.style_dim)).astype("float32")
        return lambda: generator.synthesis.predict_on_batch(latents)
    encoder = GradualStyleEncoder(dtype=dtype)
    images = rng.uniform(-1, 1, (batch, 256, 256, 3)).astype("float32")
    return lambda: encoder.predict_on_batch(images)


if __name__ == "__main__":
    main()
