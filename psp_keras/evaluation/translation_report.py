"""`psp-keras evaluate`: measures how well a pSp model does its task on pictures it never saw."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from psp_keras.atomic_write import atomic_write
from psp_keras.batches import images_at_once, map_batches
from psp_keras.check_output import PICTURE_ENDINGS, check_files
from psp_keras.data.grids import image_grid
from psp_keras.data.image_files import list_images, to_uint8, write_image
from psp_keras.errors import UserError, print_left_out
from psp_keras.evaluation.translation_metrics import SMALLER_IS_BETTER, TranslationMetrics
from psp_keras.models.psp import PSP
from psp_keras.ops.face_regions import shrink_to_256
from psp_keras.option_kinds import check_whole
from psp_keras.tasks.places import Places, open_examples
from psp_keras.tasks.registry import get_task
from psp_keras.typing import PathLike, Tensor

_ON_SHEET = 8


def evaluate(
    model: PSP,
    data: PathLike | None = None,
    count: int = 512,
    metrics: TranslationMetrics | None = None,
    source: PathLike | None = None,
    target: PathLike | None = None,
    sheet: PathLike | None = None,
    output: PathLike | None = None,
    align: bool = False,
    on_broken: Callable[[str], None] = print_left_out,
) -> dict[str, Any]:
    """Translates held-out pictures and measures the result beside two baselines.

    Args:
        model: `PSP`.
        data: a folder of pictures, or `"mini_faces"` or `"mini_faces_cartoon"` for their test split; MiniFaces without
            `source` and `target`.
        count: how many pictures, at most.
        metrics: `TranslationMetrics`; by default `l2`, `lpips` and `id` with the shipped networks.
        source: folder of the sources of a paired task.
        target: folder of its targets.
        sheet: picture file for the best and worst cases.
        output: JSON file for what is returned.
        align: whether to cut the largest face out of each photo of `data` first, see `align_face`.
        on_broken: called with a line for each picture that cannot be read and is left out.

    Returns:
        JSON-like: `summary` (mean and deviation of each metric for the model, for the average face and for another
        picture of the same set, where there is another) and `images` (each picture's name and metrics).

    Raises:
        UserError: the pictures are not those that the task needs, or too few or too small for a metric, `count` is no
            number from 1, or an output cannot be written or would replace an input.
    """
    check_whole(1, count=count)
    if data is None and not (source or target):
        data = "mini_faces"
    places = Places(data, source, target)
    examples = open_examples(get_task(model.task), model.encoder.image_size, places, align=align, on_left_out=on_broken)
    metrics = metrics or TranslationMetrics()
    metrics.check(count, examples.size)
    if sheet and not metrics.of_each_picture:
        raise UserError("`sheet` shows the best and the worst by a metric of each picture, which fid-mini is not.")
    _check_outputs(sheet, output, places.folders)
    names, sources, targets = examples.test(count)
    metrics.check(len(names), examples.size)
    outputs = translate_all(model, sources)
    candidates = {"model": outputs, "average_face": average_faces(model, len(targets))}
    if len(targets) > 1:
        candidates["another_picture"] = np.roll(targets, 1, axis=0)
    results = {name: measure(metrics, targets, candidate) for name, candidate in candidates.items()}
    by_picture, summary = results["model"][0], {name: means for name, (_, means) in results.items()}
    images = [
        {"name": name, **{metric: float(values[i]) for metric, values in by_picture.items()}}
        for i, name in enumerate(names)
    ]
    if sheet:
        pictures = examples.inputs.to_pictures(sources), to_uint8(targets), to_uint8(outputs)
        write_image(sheet, _contact_sheet(by_picture, *pictures))
    report = {"task": examples.task.name, "count": len(names), "summary": summary, "images": images}
    if output:
        write_report(report, output)
    return report


def _check_outputs(sheet, output, folders):
    """Raises a `UserError` where the sheet or the report would replace a picture that is read, or something else."""
    inputs = [path for folder in folders for path in list_images(folder)]
    check_files([sheet] if sheet else [], inputs, PICTURE_ENDINGS)
    check_files([output] if output else [], inputs, (".json",))
    if output and Path(output).exists() and not _is_report(Path(output)):
        raise UserError(f"{output} exists and is no report of `psp-keras evaluate`: choose another `output`.")


def _is_report(path):
    try:
        return "summary" in json.loads(path.read_text())
    except (OSError, ValueError, TypeError):
        return False


def measure(
    metrics: TranslationMetrics, targets: Tensor, outputs: Tensor
) -> tuple[dict[str, np.ndarray], dict[str, dict[str, float]]]:
    """Returns the metrics of each picture, and the mean and deviation of every metric.

    Raises:
        UserError: the pictures are too few or too small for a metric.
    """
    by_picture = metrics(targets, outputs)
    with np.errstate(invalid="ignore"):  # a picture like its target has a PSNR without end
        means = {
            name: {"mean": float(values.mean()), "deviation": float(values.std())}
            for name, values in by_picture.items()
        }
    if "fid-mini" in metrics.names:
        means["fid-mini"] = {"mean": metrics.fid_mini(targets, outputs), "deviation": 0.0}
    return by_picture, means


def average_faces(model: PSP, count: int) -> np.ndarray:
    """The average face `count` times, NumPy `(count, S, S, 3)`, S at most 256."""
    face = keras.ops.convert_to_numpy(shrink_to_256(model.decode(model.latent_average[None])))
    return np.repeat(face, count, axis=0)


def translate_all(model: PSP, sources: np.ndarray) -> np.ndarray:
    """Translates any number of encoder inputs in batches; NumPy `(N, S, S, 3)`, S at most 256."""
    return map_batches(model.translate, sources, images_at_once(model.generator.resolution))


def print_summary(report: dict[str, Any]) -> None:
    """Prints the summary of `evaluate` as a table."""
    print(f"\n{report['count']} held-out pictures, mean (deviation)")
    print(" " * 16 + "".join(f"{name:>18}" for name in report["summary"]["model"]))
    for name, metrics in report["summary"].items():
        cells = "".join(f"{m['mean']:>9.4f} ({m['deviation']:.4f})" for m in metrics.values())
        print(f"{name.replace('_', ' '):16}{cells}")


def write_report(report: dict[str, Any], path: PathLike) -> None:
    """Writes a report as JSON, which has no numbers that are not finite: `null` stands for them.

    Raises:
        UserError: the place cannot be written.
    """
    with atomic_write(path) as scratch:
        scratch.write_text(json.dumps(_without_infinities(report), indent=2, allow_nan=False) + "\n")


def _without_infinities(value):
    if isinstance(value, dict):
        return {name: _without_infinities(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_infinities(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _contact_sheet(by_picture, sources, targets, outputs):
    """The best and the worst cases by the first metric: source, output, target."""
    name, values = next(iter(by_picture.items()))
    order = np.argsort(values if name in SMALLER_IS_BETTER else -values)
    rows, titles = [], []
    for kind, chosen in (("best", order[:_ON_SHEET]), ("worst", order[::-1][:_ON_SHEET])):
        rows += [[images[i] for i in chosen] for images in (sources, outputs, targets)]
        titles += [f"{kind}: source", "output", "target"]
    return image_grid(rows, titles)
