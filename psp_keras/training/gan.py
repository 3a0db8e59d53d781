"""`psp-keras train-gan`: a StyleGAN2 generator for any folder of pictures."""

import contextlib
import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras

from psp_keras.atomic_write import whole_folder
from psp_keras.callbacks.sample_grid import SampleGrid
from psp_keras.callbacks.training_checkpoint import TrainingCheckpoint
from psp_keras.data.image_source import check_source, open_source, training_batches
from psp_keras.errors import UserError, print_left_out
from psp_keras.models.stylegan2_discriminator import StyleGAN2Discriminator
from psp_keras.models.stylegan2_generator import StyleGAN2Generator
from psp_keras.training.devices import is_first_process, on_devices
from psp_keras.training.fit_resumable import CHECKPOINT_FILE, fit_resumable
from psp_keras.training.gan_trainer import GANTrainer
from psp_keras.training.options import GANOptions
from psp_keras.training.run_dtype import run_dtype
from psp_keras.training.run_folder import lock_run, run_of_process
from psp_keras.typing import PathLike

NUM_SAMPLES = 64


def train_gan(
    data: PathLike, output: PathLike, *, on_broken: Callable[[str], None] = print_left_out, **options: Any
) -> StyleGAN2Generator:
    """Trains a StyleGAN2 generator; the same call goes on where a stopped one left off.

    Args:
        data: a folder of pictures, `"mini_faces"` or `"mini_faces_cartoon"`.
        output: the run folder: `generator/` and `discriminator/` (presets), `samples/`, `log.csv`, `checkpoint.npz`,
            `run.json`.
        on_broken: called with a line for each picture that cannot be read and is left out.
        **options: the fields of `psp_keras.training.GANOptions`: `resolution`, `kimg`, `start_from`, ...

    Returns:
        `StyleGAN2Generator`, the moving average, with its latent average.

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
        run = stack.enter_context(run_of_process(output, options.recorded()))
        z = keras.random.normal((NUM_SAMPLES, trainer.generator.style_dim), seed=options.seed)
        fit_resumable(
            trainer,
            lambda skip: _batches(options, trainer.generator.resolution, skip, on_broken),
            run,
            epochs=math.ceil(options.kimg * 1000 / (options.batch_size * options.steps_per_epoch)),
            steps_per_epoch=options.steps_per_epoch,
            callbacks=[SampleGrid(run / "samples", lambda: trainer(z)), _SaveNetworks(run)],
            verbose="auto" if is_first_process() else 0,
        )
        return StyleGAN2Generator.from_preset(run / "generator")


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
    networks = _Networks(_new_generator(options)) if start is None else _load_networks(start, options.dtype)
    generator, average, discriminator = networks
    if discriminator is None:
        discriminator = _new_discriminator(generator, options.dtype)
    trainer = GANTrainer(
        generator, discriminator, r1_gamma=options.r1_gamma, ema_ramp_up=start is None, seed=options.seed
    )
    if average is not None:
        trainer.averaged_generator.set_weights(average.get_weights())
    trainer.compile(options.learning_rate)
    if start is not None:
        restored = TrainingCheckpoint(Path(start) / CHECKPOINT_FILE).restore(trainer)
        if networks.discriminator is None and not restored:
            print(f"{start} holds a generator alone: its discriminator is trained from scratch.")
    return trainer


def _new_generator(options):
    shape = (options.resolution, options.style_dim, options.mapping_layers, options.channel_base, options.channel_max)
    generator = StyleGAN2Generator(*shape, dtype=options.dtype, name="generator")
    generator.build()
    return generator


def _new_discriminator(generator, dtype):
    channels = {"channel_base": generator.channel_base, "channel_max": generator.channel_max}
    discriminator = StyleGAN2Discriminator(generator.resolution, **channels, dtype=dtype, name="discriminator")
    discriminator.build()
    return discriminator


class _SaveNetworks(keras.callbacks.Callback):
    """Writes the averaged generator and the discriminator as presets at the end of every epoch."""

    def __init__(self, run):
        super().__init__()
        self.run = run

    def on_epoch_end(self, epoch, logs=None):
        average = self.model.averaged_generator
        average.estimate_latent_average()
        average.save_to_preset(self.run / "generator")
        self.model.discriminator.save_to_preset(self.run / "discriminator")
