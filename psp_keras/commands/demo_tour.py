"""`psp-keras demo`: the main job in a few minutes, on the weights that ship."""

import time
from pathlib import Path

import keras
import numpy as np

from psp_keras.check_output import check_files
from psp_keras.data.grids import image_grid
from psp_keras.data.image_files import read_image, to_float, to_uint8, write_image
from psp_keras.data.mini_faces import MiniFaces
from psp_keras.evaluation import evaluate, print_summary, write_report
from psp_keras.evaluation.translation_metrics import TranslationMetrics
from psp_keras.losses.psp_loss import PSPLoss
from psp_keras.models.gradual_style_encoder import GradualStyleEncoder
from psp_keras.models.psp import PSP
from psp_keras.progress import show_fit

_PRESET = "mini_faces_inversion"
_SHOWN = 8
_OUTPUTS = (
    "1_generator_samples.png",
    "2_inversions.png",
    "3_training_from_scratch.png",
    "4_photo.png",
    "5_style_mixing.png",
    "report.json",
)
_COARSE, _FINE = range(4), range(5, 10)


def run_demo(output="demo_output", photo=None, steps=300, count=128, seed=0):
    """Runs the tour and leaves labelled picture grids and `report.json` in `output`.

    Args:
        output: the folder.
        photo: a picture file to invert; a drawn face by default.
        steps: length of the training from scratch.
        count: held-out faces to measure.
        seed: of everything random.

    Returns:
        The report.

    Raises:
        UserError: the photo cannot be read, or the folder cannot be written or holds it under the name of an output.
    """
    keras.utils.set_random_seed(seed)
    output, begin = Path(output), time.time()
    targets = [output / name for name in _OUTPUTS]
    check_files(targets, [photo] if photo else [])
    picture = None if photo is None else read_image(photo, 64)  # a wrong path should not cost minutes
    model = PSP.from_preset(_PRESET)
    metrics = TranslationMetrics()
    held_out = to_float(MiniFaces(64, split="test").images(range(count)))

    _say(1, "The generator draws faces that do not exist")
    show_samples(model, targets[0], seed)
    _say(2, f"The shipped encoder inverts {count} faces it never saw")
    report = {"inversion": show_inversions(model, held_out, metrics, targets[1])}
    _say(3, f"A new encoder learns from scratch for {steps} steps")
    training = show_training(model, held_out, metrics, targets[2], steps, seed)
    _say(4, f"The picture {photo or 'of a drawn face'} is inverted")
    show_photo(model, to_uint8(held_out[-1]) if picture is None else picture, targets[3])
    _say(5, "Styles are mixed: shape from the picture, colours from elsewhere, and the reverse")
    show_mixes(model, held_out, targets[4], seed)

    report.update(training_from_scratch=training, seconds=round(time.time() - begin, 1))
    write_report(report, targets[5])
    print_summary(report["inversion"])
    print("\nThe encoder trained from scratch, on held-out faces")
    for row in training:
        values = "   ".join(f"{name} {row[name]:.4f}" for name in ("l2", "lpips", "id"))
        print(f"  step {row['step']:4d}   {values}")
    print(f"\nPictures and report.json are in {output.resolve()} ({report['seconds']:.0f} s).")
    return report


def show_samples(model, path, seed):
    """Draws random faces at three truncations."""
    z = keras.random.normal((_SHOWN, model.generator.style_dim), seed=seed)
    truncations = (1.0, 0.7, 0.4)
    rows = [_pictures(model.generator(z, truncation=truncation)) for truncation in truncations]
    write_image(path, image_grid(rows, [f"truncation {t}" for t in truncations]))


def show_inversions(model, faces, metrics, path):
    """Inverts faces, draws the first few and returns the measured summary."""
    report = evaluate(model, count=len(faces), metrics=metrics)
    rows = [_pictures(faces[:_SHOWN]), _pictures(model.translate(faces[:_SHOWN]))]
    titles = [f"MSE {image['l2']:.3f}" for image in report["images"][:_SHOWN]]
    write_image(path, image_grid(rows, ["input", "inversion"], titles))
    return {"count": report["count"], "summary": report["summary"]}


def show_training(model, held_out, metrics, path, steps, seed):
    """Trains a small encoder with `fit` and returns its held-out metrics along the way."""
    encoder = GradualStyleEncoder.for_generator(model.generator, num_layers=18, width=8, style_filters=32)
    student = PSP(encoder, model.generator, name="student")
    loss = PSPLoss(perceptual_network=metrics.lpips.network, arcface="mini_faces_arcface")
    student.compile(keras.optimizers.Adam(1e-3), loss)
    watch = _Watch(student, held_out[:64], metrics, every=max(1, steps // 4))
    faces = to_float(MiniFaces(64, seed=seed + 1).images(range(min(2000, 16 * steps))))
    verbose, lines = show_fit(1)
    images = _shuffled(faces, steps * 16, seed)
    student.fit(images, batch_size=16, shuffle=False, callbacks=[watch, *lines], verbose=verbose)
    watch.measure(steps)
    titles = [f"step {row['step']}, MSE {row['l2']:.3f}" for row in watch.history]
    rows = list(zip(_pictures(held_out[:5]), *(snapshot[:5] for snapshot in watch.snapshots)))
    write_image(path, image_grid(rows, column_titles=["held out", *titles], cell=160))
    return watch.history


def show_photo(model, picture, path):
    """Inverts one picture."""
    output = _pictures(model.translate(to_float(picture[None])))[0]
    write_image(path, image_grid([[picture, output]], column_titles=["input", "inversion"], cell=256))


def show_mixes(model, faces, path, seed):
    """Replaces the fine, then the coarse styles of a few faces."""
    rows, titles = [], []
    for name, mask in (("other colours", _FINE), ("other shape", _COARSE)):
        mixes = keras.ops.convert_to_numpy(model.style_mix(faces[:3], 6, mask, seed=seed))
        for face, variants in zip(faces, mixes):
            rows.append([*_pictures(face[None]), *_pictures(variants)])
            titles.append(name)
    write_image(path, image_grid(rows, titles, ["input", *(f"mix {i + 1}" for i in range(6))]))


class _Watch(keras.callbacks.Callback):
    """Measures the student on held-out faces every so many steps."""

    def __init__(self, student, faces, metrics, every):
        super().__init__()
        self.student = student
        self.faces = faces
        self.metrics = metrics
        self.every = every
        self.history, self.snapshots = [], []

    def on_train_batch_begin(self, batch, logs=None):
        if batch % self.every == 0:
            self.measure(batch)

    def measure(self, step):
        outputs = keras.ops.convert_to_numpy(self.student.translate(self.faces))
        values = self.metrics(self.faces, outputs)
        self.history.append({"step": step, **{name: float(value.mean()) for name, value in values.items()}})
        self.snapshots.append(_pictures(outputs))


def _shuffled(faces, count, seed):
    return faces[np.random.default_rng(seed).integers(0, len(faces), count)]


def _pictures(images):
    return list(to_uint8(keras.ops.convert_to_numpy(images)))


def _say(number, text):
    print(f"\n[{number}/5] {text}", flush=True)
