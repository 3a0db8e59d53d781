"""How do time and memory of a whole pSp grow with batch and resolution? Every cell is measured in a process of its own.

    python benchmarks/scaling.py --resolutions 64 256 1024 --batches 1 4 16

The networks have the published size for their resolution, with random weights; the memory is the most that the
process has held, TensorFlow included.
"""

import argparse
import subprocess
import sys

RESOLUTIONS = (64, 128, 256, 512, 1024)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dtype", default="float32", choices=("float32", "mixed_bfloat16"))
    parser.add_argument("--resolutions", nargs="+", type=int, default=RESOLUTIONS, choices=RESOLUTIONS)
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 2, 4, 8, 16])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--results", help="file to append the results to, a line of JSON each")
    parser.add_argument("--one", nargs=2, type=int, metavar=("RESOLUTION", "BATCH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        measure(options.dtype, *options.one, options.rounds, options.results)
        return
    for resolution in options.resolutions:
        for batch in options.batches:
            subprocess.run([sys.executable, *sys.argv, "--one", str(resolution), str(batch)], check=True)


def measure(dtype, resolution, batch, rounds, results):
    """Times one batch size at one resolution and prints the row."""
    import numpy as np
    from timing import keras, medians, peak_memory, record

    from psp_keras.models import PSP, GradualStyleEncoder, StyleGAN2Generator
    from psp_keras.models.resolutions import num_styles

    keras.utils.set_random_seed(0)
    encoder = GradualStyleEncoder(num_styles(resolution), image_size=min(resolution, 256), dtype=dtype)
    model = PSP(encoder, StyleGAN2Generator(resolution, dtype=dtype), dtype=dtype)
    images = np.random.default_rng(0).uniform(-1, 1, (batch, *model.source_shape)).astype("float32")
    seconds = medians({"psp": lambda: model.predict_on_batch(images)}, rounds)["psp"]
    print(
        f"{dtype}, {resolution}, batch {batch}: {seconds:.3f} s, {seconds / batch:.3f} s an image, "
        f"{peak_memory():.1f} GB",
        flush=True,
    )
    record(results, "scaling", dtype, batch=batch, resolution=resolution, seconds=seconds, peak_gb=peak_memory())


if __name__ == "__main__":
    main()
