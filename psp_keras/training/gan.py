"""`psp-keras train-gan`: a StyleGAN2 generator for any folder of pictures."""

import contextlib
import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras

from psp_keras.atomic_write import whole_folder
from psp_keras.callbacks.sample_grid import SampleGrid, draw_samples
from psp_keras.callbacks.tensorboard_log import TensorBoardLog
from psp_keras.callbacks.training_checkpoint import TrainingCheckpoint
from psp_keras.data.image_source import check_source, open_source, training_batches
from psp_keras.data.mini_faces.names import MINI_FACES
from psp_keras.errors import UserError, print_left_out
from psp_keras.layers.adaptive_augmentation import AdaptiveAugmentation
from psp_keras.models.stylegan2_discriminator import StyleGAN2Discriminator
from psp_keras.models.stylegan2_generator import StyleGAN2Generator
from psp_keras.option_kinds import check_whole
from psp_keras.training.devices import is_first_process, on_devices
from psp_keras.training.fit_resumable import CHECKPOINT_FILE, best_so_far, fit_resumable
from psp_keras.training.gan_quality import make_quality
from psp_keras.training.gan_trainer import GANTrainer
from psp_keras.training.new_networks import new_discriminator, new_generator
from psp_keras.training.options import GANOptions
from psp_keras.training.run_dtype import run_dtype
from psp_keras.training.run_folder import lock_run, run_of_process
from psp_keras.training.wandb_session import wandb_session
from psp_keras.typing import PathLike

NUM_SAMPLES = 64
QUALITY = "fid-mini"  # whose smallest value is best


def train_gan(
    data: PathLike, output: PathLike, *, on_broken: Callable[[str], None] = print_left_out, **options: Any
) -> StyleGAN2Generator:
    """Trains a StyleGAN2 generator; the same call goes on where a stopped one left off.

    Args:
        data: a folder of pictures, `"mini_faces"` or `"mini_faces_cartoon"`.
        output: the run folder: `generator/` and `discriminator/` (the last presets), `best/` (the generator of the
            smallest fid-mini), `samples/`, `log.csv`, `checkpoint.npz`, `run.json`.
        on_broken: called with a line for each picture that cannot be read and is left out.
        **options: the fields of `psp_keras.training.GANOptions`: `resolution`, `kimg`, `start_from`, ...

    Returns:
        `StyleGAN2Generator`, the last moving average, with its latent average.

    Raises:
        UserError: the options contradict the run folder, or a file is missing or damaged.
    """
    options = GANOptions(data=data, output=output, **options)
    check_source(data)
    with contextlib.ExitStack() as stack:
        stack.enter_context(on_devices(options.devices))
        if is_first_process():
            stack.enter_context(lock_run(output))
        options = dataclasses.replace(options, dtype=run_dtype(options.dtype, output))
        keras.utils.set_random_seed(options.seed)
        trainer = _make_trainer(options)
        record = {**options.recorded(), "r1_gamma": trainer.r1_gamma}
        run = stack.enter_context(run_of_process(output, record))
        stack.enter_context(wandb_session(options.wandb, run, record))
        fit_resumable(
            trainer,
            lambda skip: _batches(options, trainer.generator.resolution, skip, on_broken),
            run,
            epochs=math.ceil(options.kimg * 1000 / (options.batch_size * options.steps_per_epoch)),
            steps_per_epoch=options.steps_per_epoch,
            callbacks=_callbacks(trainer, run, options),
            verbose="auto" if is_first_process() else 0,
        )
        return StyleGAN2Generator.from_preset(run / "generator")


def _callbacks(trainer, run, options):
    z = keras.random.normal((NUM_SAMPLES, trainer.generator.style_dim), seed=options.seed)
    best = best_so_far(run, QUALITY)
    callbacks = [SampleGrid(run / "samples", lambda: trainer(z)), _SaveNetworks(run, best)]
    if options.num_quality_samples:  # what it measures is there for those behind it
        callbacks.insert(0, make_quality(trainer, trainer.generator, options))
    if options.tensorboard:
        folder, draw = run / "tensorboard", lambda model: draw_samples(model(z))
        callbacks.append(TensorBoardLog(folder, draw, "samples", options.log_every))
    if options.wandb:
        from psp_keras.callbacks import WandbBestModel, WandbLosses  # wandb is optional

        callbacks += [WandbLosses(options.log_every), WandbBestModel(run, QUALITY, best)]
    return callbacks


def _batches(options, size, skip, on_broken):
    source = open_source(options.data, size, options.num_mini_faces, options.seed, on_broken)
    return training_batches(source, options.batch_size, seed=options.seed, start_step=skip, mirror=options.mirror)


class _Networks(NamedTuple):
    """What a training starts from: `average` where it differs from the generator, and a discriminator if there is."""

    generator: StyleGAN2Generator
    average: StyleGAN2Generator | None = None
    discriminator: StyleGAN2Discriminator | None = None


def _load_networks(start_from, dtype):
    folder = Path(start_from)
    if folder.is_file():
        from weights_conversion.convert import convert_gan

        networks = _Networks(*(network and _with_dtype(network, dtype) for network in convert_gan(start_from)))
    else:
        parts = [whole_folder(folder / name) for name in ("generator", "discriminator")]
        parts = [part if part.is_dir() else None for part in parts]
        generator = StyleGAN2Generator.from_preset(parts[0] or start_from, dtype=dtype)
        discriminator = parts[1] and StyleGAN2Discriminator.from_preset(parts[1], dtype=dtype)
        networks = _Networks(generator, discriminator=discriminator)
    if networks.discriminator and networks.discriminator.resolution != networks.generator.resolution:
        sizes = f"{networks.generator.resolution} and {networks.discriminator.resolution} pixels"
        raise UserError(f"The generator and the discriminator of {start_from} are for {sizes}.")
    networks.generator.trainable = True
    return networks


def _with_dtype(network, dtype):
    twin = type(network).from_config({**network.get_config(), "dtype": dtype})
    twin.build()
    twin.set_weights(network.get_weights())
    return twin


def _make_trainer(options):
    """The compiled trainer: of new networks, or of those to start from."""
    start = options.start_from
    networks = _Networks(new_generator(options)) if start is None else _load_networks(start, options.dtype)
    generator, average, discriminator = networks
    if discriminator is None:
        if options.freeze_discriminator:
            raise UserError(f"{start} has no discriminator that `freeze_discriminator` could keep: leave it out.")
        discriminator = new_discriminator(generator, options.dtype)
    _freeze(discriminator, options.freeze_discriminator)
    trainer = GANTrainer(
        generator,
        discriminator,
        r1_gamma=_r1_gamma(options, generator.resolution),
        ema_ramp_up=start is None,
        augmentation=_augmentation(options),
        seed=options.seed,
    )
    if average is not None:
        trainer.averaged_generator.set_weights(average.get_weights())
    trainer.compile(options.learning_rate)
    if start is not None:
        restored = _restore(trainer, start)
        if networks.discriminator is None and not restored:
            print(f"{start} holds a generator alone: its discriminator is trained from scratch.")
    return trainer


def _restore(trainer, start):
    """Takes the optimizers of a run folder too, and says whether there were any that suit this training."""
    try:
        return TrainingCheckpoint(Path(start) / CHECKPOINT_FILE).restore(trainer) > 0
    except UserError:
        print(f"The optimizers of {start} do not suit this training: its networks alone are taken.")
        return False


def _freeze(discriminator, num_blocks):
    """Keeps the first blocks from the image on, and `from_rgb`, as they are (FreezeD; Mo et al. 2020)."""
    check_whole(0, len(discriminator.blocks), freeze_discriminator=num_blocks)
    if num_blocks:
        for layer in (discriminator.from_rgb, *discriminator.blocks[:num_blocks]):
            layer.trainable = False


def _r1_gamma(options, resolution):
    """The weight that is asked for, or that of stylegan2-ada's rule (its `auto` configuration)."""
    return 0.0002 * resolution**2 / options.batch_size if options.r1_gamma is None else options.r1_gamma


def _augmentation(options):
    if options.augment == "none" or (options.augment == "auto" and options.data in MINI_FACES):
        return None
    augmentation = AdaptiveAugmentation(kimg=options.ada_kimg, seed=options.seed, name="augmentation")
    augmentation.build()
    return augmentation


class _SaveNetworks(keras.callbacks.Callback):
    """Writes the averaged generator and the discriminator as presets at the end of every epoch, and the best generator.

    Args:
        run: the run folder.
        best_so_far: the smallest fid-mini before this training, when resuming.
    """

    def __init__(self, run, best_so_far):
        super().__init__()
        self.run = run
        self.best = best_so_far

    def on_epoch_end(self, epoch, logs=None):
        average = self.model.averaged_generator
        average.estimate_latent_average()
        average.save_to_preset(self.run / "generator")
        self.model.discriminator.save_to_preset(self.run / "discriminator")
        value = (logs or {}).get(QUALITY, math.inf)
        if value < self.best:
            self.best = value
            average.save_to_preset(self.run / "best")
