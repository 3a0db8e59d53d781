"""`psp-keras evaluate`: measures how well a pSp model does its task on pictures it never saw."""

import json

import keras
import numpy as np

from psp_keras.atomic_write import atomic_write
from psp_keras.data.grids import image_grid
from psp_keras.data.image_files import to_float, to_uint8, write_image
from psp_keras.data.image_source import read_images
from psp_keras.data.mini_faces import MINI_FACES, MiniFaces
from psp_keras.errors import UserError, print_left_out
from psp_keras.layers.face_regions import shrink_to_256
from psp_keras.metrics import SMALLER_IS_BETTER, TranslationMetrics
from psp_keras.tasks.face_photos import open_face_photos
from psp_keras.tasks.registry import get_task
from psp_keras.tasks.task_data import TaskData
from psp_keras.training.examples import check_places, list_examples, with_mini_faces_classes

_BATCH = 32
_ON_SHEET = 8


def evaluate(
    model,
    data="mini_faces",
    count=512,
    metrics=None,
    source=None,
    target=None,
    sheet=None,
    align=False,
    on_broken=print_left_out,
):
    """Translates held-out pictures and measures the result beside two baselines.

    Args:
        model: `PSP`.
        data: a folder of pictures, or `"mini_faces"` for its test split; `None` when `source` and `target` are given.
        count: how many pictures, at most.
        metrics: `TranslationMetrics`; by default `l2`, `lpips` and `id` with the shipped networks.
        source: folder of the sources of a paired task.
        target: folder of its targets.
        sheet: picture file for the best and worst cases.
        align: whether to cut the largest face out of each photo of `data` first, see `align_face`.
        on_broken: called with a line for each picture that cannot be read and is left out.

    Returns:
        JSON-like: `summary` (mean and deviation of each metric for the model, for the average face and for another
        picture of the same set) and `images` (each picture's name and metrics).
    """
    task_data = TaskData(with_mini_faces_classes(get_task(model.task), data), model.encoder.image_size)
    names, sources, targets = read_held_out(task_data, data, source, target, count, on_broken, align)
    metrics = metrics or TranslationMetrics()
    outputs = translate_all(model, sources)
    candidates = {
        "model": outputs,
        "average_face": average_faces(model, len(targets)),
        "another_picture": np.roll(targets, 1, axis=0),
    }
    results = {name: measure(metrics, targets, candidate) for name, candidate in candidates.items()}
    measured, summary = results["model"][0], {name: means for name, (_, means) in results.items()}
    images = [
        {"name": name, **{metric: float(values[i]) for metric, values in measured.items()}}
        for i, name in enumerate(names)
    ]
    if sheet:
        pictures = task_data.source.to_pictures(sources), to_uint8(targets), to_uint8(outputs)
        write_image(sheet, _contact_sheet(measured, *pictures))
    return {"task": task_data.task.name, "count": len(names), "summary": summary, "images": images}


def measure(metrics, targets, outputs):
    """Returns the metrics of each picture, and the mean and deviation of every metric."""
    measured = metrics(targets, outputs)
    means = {
        name: {"mean": float(values.mean()), "deviation": float(values.std())} for name, values in measured.items()
    }
    if "fid-mini" in metrics.names:
        means["fid-mini"] = {"mean": metrics.fid_mini(targets, outputs), "deviation": 0.0}
    return measured, means


def average_faces(model, count):
    """The average face `count` times, NumPy `(count, S, S, 3)`, S at most 256."""
    face = keras.ops.convert_to_numpy(shrink_to_256(model.decode(model.latent_average[None])))
    return np.repeat(face, count, axis=0)


def translate_all(model, sources):
    """Translates any number of encoder inputs in batches; NumPy `(N, S, S, 3)`, S at most 256."""
    batches = (sources[start : start + _BATCH] for start in range(0, len(sources), _BATCH))
    return np.concatenate([keras.ops.convert_to_numpy(model.translate(batch)) for batch in batches])


def read_held_out(task_data, data, source, target, count, on_broken=print_left_out, align=False):
    """Returns `(names, sources, targets)` to measure a task with.

    For frontalization and toonify, MiniFaces knows what no training saw: the frontal view and the cartoon.
    """
    if align and data in MINI_FACES:
        raise UserError("`align` needs a folder of photos as `data`.")
    if data in MINI_FACES:
        names, faces = [f"test_{i:05d}" for i in range(count)], MiniFaces(task_data.size, split="test")
        sources, targets = task_data.measured(task_data.draw(faces, range(count)))
        if task_data.task.name == "frontalization":
            targets = to_float(faces.frontals(range(count)))
        elif task_data.task.name == "toonify":
            targets = to_float(MiniFaces(task_data.size, split="test", style="cartoon").images(range(count)))
        return names, sources, targets
    if align and task_data.task.paired:
        raise UserError("`align` goes with `data`, not with pairs.")
    check_places(task_data.task, (data, source, target))
    items = list_examples(task_data.task, data, source, target, on_broken)[:count]
    read = open_face_photos(task_data.task, task_data.size).read_one if align else task_data.read
    items, stored = read_images(items, read, on_broken)
    return [str(item[0] if task_data.task.paired else item) for item in items], *task_data.measured(stored)


def print_summary(report):
    """Prints the summary of `evaluate` as a table."""
    print(f"\n{report['count']} held-out pictures, mean (deviation)")
    print(" " * 16 + "".join(f"{name:>18}" for name in report["summary"]["model"]))
    for name, metrics in report["summary"].items():
        cells = "".join(f"{m['mean']:>9.4f} ({m['deviation']:.4f})" for m in metrics.values())
        print(f"{name.replace('_', ' '):16}{cells}")


def write_report(report, path):
    """Writes a report as JSON."""
    with atomic_write(path) as scratch:
        scratch.write_text(json.dumps(report, indent=2) + "\n")


def _contact_sheet(measured, sources, targets, outputs):
    """The best and the worst cases by the first metric: source, output, target."""
    name, values = next(iter(measured.items()))
    order = np.argsort(values if name in SMALLER_IS_BETTER else -values)
    rows, titles = [], []
    for kind, chosen in (("best", order[:_ON_SHEET]), ("worst", order[::-1][:_ON_SHEET])):
        rows += [[images[i] for i in chosen] for images in (sources, outputs, targets)]
        titles += [f"{kind}: source", "output", "target"]
    return image_grid(rows, titles)
