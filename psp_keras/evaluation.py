"""Measures how well a pSp model inverts pictures it never saw."""

import json

import keras
import numpy as np

from psp_keras.atomic_write import atomic_write
from psp_keras.data.image_files import list_images, to_float
from psp_keras.data.image_source import read_images
from psp_keras.data.mini_faces import MiniFaces
from psp_keras.errors import print_left_out
from psp_keras.layers.face_regions import shrink_to_256
from psp_keras.losses.identity_loss import IdentityLoss
from psp_keras.losses.lpips import LPIPS

_BATCH = 32


class InversionMetrics:
    """Mean squared error, LPIPS and identity cosine of each output and its target.

    Args:
        perceptual_network: `PerceptualNetwork` or a preset of one.
        arcface: `ArcFace` or a preset of one.
    """

    def __init__(self, perceptual_network="mini_faces_vgg", arcface="mini_faces_arcface"):
        self.lpips = LPIPS(perceptual_network)
        self.identity = IdentityLoss(arcface)

    def __call__(self, targets, outputs):
        """Compares images `(N, S, S, 3)` in [-1, 1] pair by pair.

        Returns:
            `{"mse", "lpips", "identity"}`, each float32 `(N,)`.
        """
        parts = []
        for start in range(0, len(targets), _BATCH):
            pair = [keras.ops.convert_to_tensor(x[start : start + _BATCH], "float32") for x in (targets, outputs)]
            parts.append(
                {
                    "mse": keras.ops.mean(keras.ops.square(pair[0] - pair[1]), axis=(1, 2, 3)),
                    "lpips": self.lpips.call(*pair),
                    "identity": self.identity.similarity(*pair),
                }
            )
        return {name: np.concatenate([keras.ops.convert_to_numpy(part[name]) for part in parts]) for name in parts[0]}


def evaluate(model, data="mini_faces", count=512, metrics=None, on_broken=print_left_out):
    """Inverts held-out pictures and measures the result beside two baselines.

    Args:
        model: `PSP`.
        data: a folder of pictures, or `"mini_faces"` for the test split.
        count: how many pictures, at most.
        metrics: `InversionMetrics`; the shipped networks by default.
        on_broken: called with a line for each picture that cannot be read and is left out.

    Returns:
        JSON-like: `summary` (mean and deviation of each metric for the model, for the average face and for another
        person's picture) and `images` (each picture's name and metrics).
    """
    names, targets = _held_out(data, model.encoder.image_size, count, on_broken)
    metrics = metrics or InversionMetrics()
    outputs = keras.ops.convert_to_numpy(
        keras.ops.concatenate(
            [model.translate(targets[i : i + _BATCH]) for i in range(0, len(targets), _BATCH)], axis=0
        )
    )
    average = keras.ops.convert_to_numpy(shrink_to_256(model.decode(model.latent_average[None])))
    measured = metrics(targets, outputs)
    baselines = {
        "average_face": metrics(targets, np.repeat(average, len(targets), axis=0)),
        "another_person": metrics(targets, np.roll(targets, 1, axis=0)),
    }
    summary = {name: _summarise(values) for name, values in {"model": measured, **baselines}.items()}
    images = [
        {"name": name, **{metric: float(values[i]) for metric, values in measured.items()}}
        for i, name in enumerate(names)
    ]
    return {"count": len(names), "summary": summary, "images": images}


def print_summary(report):
    """Prints the summary of `evaluate` as a table."""
    print(f"\n{report['count']} held-out pictures, mean (deviation)")
    print(f"{'':16}{'MSE':>18}{'LPIPS':>18}{'identity':>18}")
    for name, metrics in report["summary"].items():
        cells = "".join(f"{m['mean']:>9.4f} ({m['deviation']:.4f})" for m in metrics.values())
        print(f"{name.replace('_', ' '):16}{cells}")


def write_report(report, path):
    """Writes a report as JSON."""
    with atomic_write(path) as scratch:
        scratch.write_text(json.dumps(report, indent=2) + "\n")


def _held_out(data, size, count, on_broken):
    if data == "mini_faces":
        return [f"test_{i:05d}" for i in range(count)], to_float(MiniFaces(size, split="test").images(range(count)))
    paths, images = read_images(list_images(data)[:count], size, on_broken)
    return [str(path) for path in paths], to_float(images)


def _summarise(values):
    return {name: {"mean": float(v.mean()), "deviation": float(v.std())} for name, v in values.items()}
