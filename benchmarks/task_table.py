"""Every task's shipped preset on held-out MiniFaces, beside the average face and the nearest training example.

python benchmarks/task_table.py                      # the table, Markdown
python benchmarks/task_table.py --pictures docs      # and docs/task_NAME.png: source, output, target
"""

import argparse
from pathlib import Path

import numpy as np

from psp_keras import PSP
from psp_keras.data import MiniFaces, image_grid, to_uint8, write_image
from psp_keras.evaluation import average_faces, measure, translate_all
from psp_keras.evaluation.translation_metrics import TranslationMetrics
from psp_keras.tasks import TASKS, MiniFacesExamples, get_task

METRICS = ("l2", "lpips", "id", "ssim", "fid-mini")
SHOWN = 8


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=512, help="held-out faces")
    parser.add_argument("--training-faces", type=int, default=12000, help="where the nearest one is looked for")
    parser.add_argument("--pictures", help="folder for a picture of each task")
    parser.add_argument("--tasks", nargs="+", default=[name for name in TASKS if name != "paired"])
    options = parser.parse_args()
    metrics = TranslationMetrics(METRICS)
    print(f"| {options.count} held-out faces | {' | '.join(METRICS)} |\n| --- {'| --- ' * len(METRICS)}|")
    for name in options.tasks:
        model = PSP.from_preset(f"mini_faces_{name}")
        examples = MiniFacesExamples(get_task(model.task), model.encoder.image_size)
        _, sources, targets = examples.test(options.count)
        outputs = translate_all(model, sources)
        candidates = {
            f"**{name}**": outputs,
            "average face": average_faces(model, len(targets)),
            "nearest training example": nearest_examples(examples, sources, options.training_faces),
        }
        for title, images in candidates.items():
            _, summary = measure(metrics, targets, images)
            cells = " | ".join(f"{summary[metric]['mean']:.3f}" for metric in METRICS)
            print(f"| {title} | {cells} |", flush=True)
        if options.pictures:
            pictures = examples.inputs.to_pictures(sources), to_uint8(outputs), to_uint8(targets)
            grid = image_grid([list(images[:SHOWN]) for images in pictures], ["source", "output", "target"])
            write_image(Path(options.pictures) / f"task_{name}.png", grid)


def nearest_examples(examples, sources, count, batch=1000):
    """The training target whose source is nearest, by the squared distance of 16x16 averages."""
    faces, wanted = MiniFaces(examples.size), _small(sources)
    best, nearest = np.full(len(sources), np.inf), np.zeros(len(sources), int)
    for first in range(0, count, batch):
        candidates, _ = examples.whole(examples.draw(faces, range(first, first + batch)))
        small = _small(candidates)
        distances = (wanted**2).sum(1)[:, None] - 2 * wanted @ small.T + (small**2).sum(1)
        closer = distances.min(1) < best
        nearest[closer] = first + distances.argmin(1)[closer]
        best = np.minimum(best, distances.min(1))
    return examples.whole(np.concatenate([examples.draw(faces, [index]) for index in nearest]))[1]


def _small(images):
    count, size, _, channels = images.shape
    return images.reshape(count, 16, size // 16, 16, size // 16, channels).mean((2, 4)).reshape(count, -1)


if __name__ == "__main__":
    main()
