"""How the benchmarks measure: medians of several runs, the compared ones taking turns, beside a calibration."""

import json
import os
import resource
import time

from psp_keras.quiet_import import import_tensorflow_quietly

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
    import_tensorflow_quietly()

import keras
import numpy as np
from keras import ops

CALIBRATION_GFLOP = 4 * 256 * 256 * 9 * 64 * 64 * 2 / 1e9


def medians(functions, rounds):
    """Runs functions in turns and returns the median seconds of each; two rounds before do not count.

    Args:
        functions: name to function without arguments.
        rounds: how often each is measured.
    """
    seconds = {name: [] for name in functions}
    for _ in range(rounds + 2):
        for name, function in functions.items():
            begin = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - begin)
    return {name: float(np.median(measured[2:])) for name, measured in seconds.items()}


def calibration(dtype):
    """What a share of this machine's speed refers to: one 3x3 convolution of 64 channels, 4 x 256 x 256."""
    convolution = keras.layers.Conv2D(64, 3, padding="same", use_bias=False, dtype=dtype, name="calibration")
    model = keras.Sequential(
        [keras.Input((256, 256, 64), dtype=convolution.compute_dtype), convolution, keras.layers.Lambda(_keep_little)]
    )
    x = ops.convert_to_tensor(np.random.default_rng(0).normal(size=(4, 256, 256, 64)), convolution.compute_dtype)
    return lambda: model.predict_on_batch(x)


def _keep_little(x):
    """Bringing all of the result back from the device would be measured too."""
    return x[:, :1, :1]


def peak_memory():
    """The most main memory that this process has held, GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def machine():
    """The machine, the backend and the day, for the head of a table."""
    kind = f"{len(os.sched_getaffinity(0))} cores"
    if keras.backend.backend() == "jax":
        import jax

        kind = f"{jax.devices()[0].device_kind}" if jax.default_backend() == "gpu" else kind
    return f"{kind}, Keras {keras.__version__} on {keras.backend.backend()}, {time.strftime('%Y-%m-%d')}"


def record(path, benchmark, dtype, **measured):
    """Appends a result to a file for `report.py`, where there is one."""
    if path:
        with open(path, "a") as file:
            row = {"benchmark": benchmark, "machine": machine(), "dtype": dtype, **measured}
            file.write(json.dumps(row) + "\n")
