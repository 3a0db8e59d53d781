"""`psp-keras train-renderer`: a StyleGAN2 generator that learns MiniFaces from what is known of each face."""

import dataclasses
import functools
import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from psp_keras.callbacks.sample_grid import SampleGrid
from psp_keras.data.image_files import to_float
from psp_keras.data.image_source import ArraySource, draw_mini_faces, endless_batches
from psp_keras.data.mini_faces import MINI_FACES, MiniFaces, attributes_of_noise
from psp_keras.errors import UserError
from psp_keras.losses.lpips import LPIPS
from psp_keras.models.stylegan2_generator import StyleGAN2Generator
from psp_keras.progress import Progress, show_fit
from psp_keras.training.anchored_gan_trainer import AnchoredGANTrainer
from psp_keras.training.fit_resumable import fit_resumable
from psp_keras.training.gan_quality import make_quality
from psp_keras.training.new_networks import new_discriminator, new_generator
from psp_keras.training.options import RendererOptions
from psp_keras.training.renderer_trainer import RendererTrainer
from psp_keras.training.run_dtype import run_dtype
from psp_keras.training.run_folder import lock_run, open_run, read_options
from psp_keras.typing import PathLike

_NUM_SAMPLES = 64
_MAPPING_BATCH = 512
_DESCRIBED_AT_ONCE = 1000


def train_renderer(output: PathLike, **options: Any) -> dict[str, float]:
    """Trains a StyleGAN2 generator to draw MiniFaces; the same call goes on where a stopped one left off.

    First the synthesis network learns to draw a face from its attributes, which a fixed matrix turns into w: L1 and
    LPIPS to the true picture, in which small parts, such as the rims of glasses, count for more than their size. Then
    the mapping network learns which attributes belong to a z. Both are regressions: cheaper than the contest with a
    discriminator, whom rare kinds of faces escape. The contest comes last, to sharpen what they leave soft, and is held
    to the true pictures.

    Args:
        output: the run folder: `generator/` and `discriminator/` (presets), `samples/`, `log.csv`, `checkpoint.npz`,
            `run.json`; `contest/` is a run folder of its own, for the last part.
        **options: the fields of `psp_keras.training.RendererOptions`: `resolution`, `kimg`, `start_from`, ...

    Returns:
        `fid-mini`, `precision` and `recall` of samples against the test split.

    Raises:
        UserError: the options contradict the run folder, or a preset is missing.
    """
    options = RendererOptions(output=output, **options)
    options = dataclasses.replace(options, dtype=run_dtype(options.dtype, output))
    keras.utils.set_random_seed(options.seed)
    generator = _open_generator(options)
    vectors = _faces(options).attribute_vectors(range(options.num_mini_faces))
    embed = _Embedding(vectors, generator.style_dim)
    start = Path(output) / "contest" / "start"
    with lock_run(output):
        if start.is_dir():
            _check_length(output, options)
        run = open_run(output, options.recorded())
        data = _Data(_faces(options), embed(vectors), options)
        if start.is_dir():
            print(f"{run} goes on with the contest.")
        else:
            _train_synthesis(generator, embed, data, run, options)
            _train_mapping(generator, embed, options)
            generator.save_to_preset(start)
        generator = StyleGAN2Generator.from_preset(start, dtype=options.dtype)
        if options.contest_kimg:
            generator = _hold_contest(generator, data, run, options)
        generator.estimate_latent_average()
        generator.save_to_preset(run / "generator", dtype="float16")
        return make_quality(generator, generator, options).measure()


def _check_length(output, options):
    before = (read_options(output) or {}).get("kimg", options.kimg)
    if before != options.kimg:
        raise UserError(
            f"`kimg` of {output} stays {before}, for its contest has begun: raise `contest_kimg`, "
            "or choose another `output`."
        )


def _open_generator(options):
    if options.start_from is None:
        return new_generator(options)
    generator = StyleGAN2Generator.from_preset(options.start_from, dtype=options.dtype)
    generator.trainable = True
    return generator


def _faces(options, split="train"):
    return MiniFaces(options.resolution, options.seed, split, style=MINI_FACES[options.data])


class _Embedding:
    """Turns attribute vectors into w: of mean 0 and deviation 1, and rotated, so that no axis of W is an attribute."""

    def __init__(self, vectors, style_dim):
        num_attributes = vectors.shape[1]
        if style_dim < num_attributes:
            raise UserError(f"`style_dim` {style_dim} is too small for the {num_attributes} attributes of a face.")
        self._mean, self._spread = vectors.mean(axis=0), vectors.std(axis=0) + 1e-6
        random = np.random.default_rng(0).normal(size=(style_dim, style_dim))
        self._matrix = np.linalg.qr(random)[0][:num_attributes].astype("float32")

    def __call__(self, vectors):
        return (vectors - self._mean) / self._spread @ self._matrix


class _Data:
    """What the synthesis network learns from, and what tells a picture from the true one.

    Args:
        faces: `MiniFaces`.
        w: of the first of them, `(N, style_dim)`.
        options: `RendererOptions`.
    """

    def __init__(self, faces, w, options):
        self._faces, self._w = faces, w
        self._batch_size, self._seed = options.batch_size, options.seed
        self._lpips = LPIPS(options.perceptual_network)

    def batches(self, skip):
        """Yields batches without end: w, and images with the weight of each pixel as a fourth channel."""
        label_weights = _balance(self._drawn[..., 3])

        def load(step, indices, drawn):
            weights = label_weights[drawn[..., 3:]]
            return self._w[indices], np.concatenate([to_float(drawn[..., :3]), weights], axis=-1)

        return endless_batches(ArraySource(self._drawn), load, self._batch_size, self._seed, skip)

    @functools.cached_property
    def _drawn(self):
        """The images with their label maps as a fourth channel; a finished training draws none."""
        return draw_mini_faces(self._faces, len(self._w), lambda indices: _with_labels(*self._faces.maps(indices)[:2]))

    def difference(self, target, output):
        images, weights = target[..., :3], target[..., 3:]
        return ops.mean(ops.abs(output - images) * weights) + self._lpips(images, output)


def _with_labels(images, labels):
    return np.concatenate([images, labels[..., None]], axis=-1)


def _balance(labels):
    """A weight for each label, so that small parts, such as the rims of glasses, are not lost; 1 in the mean."""
    shares = np.bincount(labels.ravel(), minlength=len(MiniFaces.labels)) / labels.size
    weights = np.where(shares > 0, np.maximum(shares, 1 / labels.size) ** -0.5, 0)
    return (weights / (weights @ shares)).astype("float32")


def _train_synthesis(generator, embed, data, run, options):
    epochs, steps_per_epoch = _epochs(options.kimg, options)
    steps = epochs * steps_per_epoch
    trainer = RendererTrainer(generator)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, steps, alpha=0.05, warmup_target=options.learning_rate, warmup_steps=steps // 50
    )
    # What is kept is a moving average of the weights.
    adam = keras.optimizers.Adam(schedule, beta_2=0.99, epsilon=1e-8, use_ema=True, ema_momentum=0.995)
    trainer.compile(adam, loss=data.difference, jit_compile=False)
    test = embed(_faces(options, "test").attribute_vectors(range(_NUM_SAMPLES)))
    samples = SampleGrid(run / "samples", lambda: trainer(test))
    fit_resumable(trainer, data.batches, run, epochs, steps_per_epoch, [samples])
    adam.finalize_variable_values(trainer.trainable_variables)


def _hold_contest(generator, data, run, options):
    """Sharpens the generator against a discriminator; returns the moving average of it."""
    keras.utils.set_random_seed(options.seed)  # the discriminator's weights, whatever has been drawn before
    discriminator = new_discriminator(generator, options.dtype)
    trainer = AnchoredGANTrainer(generator, discriminator, data.difference, ema_ramp_up=False, seed=options.seed)
    trainer.compile(options.contest_learning_rate)
    z = keras.random.normal((_NUM_SAMPLES, generator.style_dim), seed=options.seed)
    samples = SampleGrid(run / "contest" / "samples", lambda: trainer(z))
    fit_resumable(trainer, data.batches, run / "contest", *_epochs(options.contest_kimg, options), [samples])
    discriminator.save_to_preset(run / "discriminator")
    return trainer.averaged_generator


def _epochs(kimg, options):
    """`(epochs, steps in an epoch)` to show so many thousands of pictures."""
    steps = math.ceil(kimg * 1000 / options.batch_size)
    steps_per_epoch = min(options.steps_per_epoch, steps)
    return math.ceil(steps / steps_per_epoch), steps_per_epoch


def _train_mapping(generator, embed, options):
    """Fits the mapping network to the w of random z, and prints the share of their variance that it explains."""
    if not options.mapping_epochs:
        return
    mapping = generator.mapping
    mapping.trainable = True
    model = keras.Sequential([keras.Input((generator.style_dim,)), mapping])
    z = np.random.default_rng(options.seed).normal(size=(options.num_latents, generator.style_dim)).astype("float32")
    w = embed(_describe(z))
    steps = options.mapping_epochs * math.ceil(options.num_latents / _MAPPING_BATCH)
    # Its weights are stored larger by the inverse of their multiplier, and so are its steps.
    rate = options.mapping_learning_rate / mapping.learning_rate_multiplier
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps, alpha=0.01)
    model.compile(keras.optimizers.Adam(schedule, beta_2=0.99, epsilon=1e-8), loss="mse", jit_compile=False)
    verbose, lines = show_fit()
    keras.utils.set_random_seed(options.seed)  # the order of z, whatever has been drawn before
    print("Training the mapping network")
    history = model.fit(z, w, _MAPPING_BATCH, options.mapping_epochs, verbose=verbose, callbacks=lines)
    explained = 1 - history.history["loss"][-1] / float(w.var(axis=0).mean())
    print(f"It explains {explained:.0%} of the variance of w.")


def _describe(z):
    """The attribute vectors of many z, under a progress bar."""
    print(f"Describing the faces of {len(z)} latents")
    progress, vectors = Progress(len(z), "latent"), []
    for start in range(0, len(z), _DESCRIBED_AT_ONCE):
        vectors.append(attributes_of_noise(z[start : start + _DESCRIBED_AT_ONCE]))
        progress.add(len(vectors[-1]))
    return np.concatenate(vectors)
