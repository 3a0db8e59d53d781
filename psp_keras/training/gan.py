"""`psp-keras train-gan`: a StyleGAN2 generator for any folder of pictures."""

import math
from pathlib import Path
from typing import NamedTuple

import keras

from psp_keras.callbacks.sample_grid import SampleGrid
from psp_keras.callbacks.training_checkpoint import TrainingCheckpoint
from psp_keras.data.image_source import check_source, open_source, training_batches
from psp_keras.errors import UserError, print_left_out
from psp_keras.models.stylegan2_discriminator import StyleGAN2Discriminator
from psp_keras.models.stylegan2_generator import StyleGAN2Generator
from psp_keras.training.fit_resumable import CHECKPOINT_FILE, fit_resumable
from psp_keras.training.gan_trainer import GANTrainer
from psp_keras.training.run_dtype import run_dtype
from psp_keras.training.run_folder import check_length, one_training_a_folder, open_run

NUM_SAMPLES = 64


@one_training_a_folder
def train_gan(
    data,
    output,
    resolution=64,
    style_dim=128,
    mapping_layers=4,
    channel_base=2048,
    channel_max=128,
    batch_size=16,
    kimg=200,
    steps_per_epoch=500,
    learning_rate=0.002,
    r1_gamma=0.05,
    mirror=True,
    num_mini_faces=20000,
    start_from=None,
    dtype="auto",
    seed=0,
    on_broken=print_left_out,
):
    """Trains a StyleGAN2 generator; the same call goes on where a stopped one left off.

    Args:
        data: a folder of pictures, `"mini_faces"` or `"mini_faces_cartoon"`.
        output: the run folder: `generator/` and `discriminator/` (presets), `samples/`, `log.csv`, `checkpoint.npz`,
            `run.json`.
        resolution: size of the pictures, a power of two from 16 to 1024.
        style_dim: size of the latents (512 in the paper).
        mapping_layers: dense layers of the mapping network (8 in the paper).
        channel_base: channels at resolution r are `min(channel_base // r, channel_max)`; 32768 is config-f.
        channel_max: see `channel_base`; 512 is config-f.
        batch_size: pictures in a step.
        kimg: length of the training, in thousands of pictures shown.
        steps_per_epoch: steps between two checkpoints and sample grids.
        learning_rate: of both networks.
        r1_gamma: weight of the R1 penalty.
        mirror: whether to flip pictures at random.
        num_mini_faces: how many MiniFaces to draw when `data` is `"mini_faces"`.
        start_from: fine-tune the networks of this checkpoint (of StyleGAN2's training, or NVIDIA's `.pkl`), of this
            run folder, or of this preset: of a generator, which a new discriminator judges then, or a folder with the
            presets `generator/` and `discriminator/`. Their shape replaces the five options from `resolution` to
            `channel_max`.
        dtype: dtype policy; `"mixed_bfloat16"` is about twice as fast where the processor has bfloat16 units.
        seed: of the weights, the data order and the noise.
        on_broken: called with a line for each picture that cannot be read and is left out.

    Returns:
        `StyleGAN2Generator`, the moving average, with its latent average.
    """
    dtype = run_dtype(dtype, output)
    check_length(kimg=kimg, steps_per_epoch=steps_per_epoch, batch_size=batch_size, num_mini_faces=num_mini_faces)
    options = {name: value for name, value in locals().items() if name not in ("output", "on_broken")}
    keras.utils.set_random_seed(seed)
    if start_from is None:
        generator = StyleGAN2Generator(
            resolution, style_dim, mapping_layers, channel_base, channel_max, dtype=dtype, name="generator"
        )
        generator.build()
        networks = _Networks(generator)
    else:
        networks = _load_networks(start_from, dtype)
        generator = networks.generator
    trainer = _make_trainer(networks, learning_rate, r1_gamma, dtype, seed, ema_ramp_up=start_from is None)
    if start_from is not None:
        restored = TrainingCheckpoint(Path(start_from) / CHECKPOINT_FILE).restore(trainer)
        if networks.discriminator is None and not restored:
            print(f"{start_from} holds a generator alone: its discriminator is trained from scratch.")

    check_source(data)
    run = open_run(output, options)
    z = keras.random.normal((NUM_SAMPLES, generator.style_dim), seed=seed)
    fit_resumable(
        trainer,
        lambda skip: training_batches(
            open_source(data, generator.resolution, num_mini_faces, seed, on_broken),
            batch_size,
            seed=seed,
            start_step=skip,
            mirror=mirror,
        ),
        run,
        epochs=math.ceil(kimg * 1000 / (batch_size * steps_per_epoch)),
        steps_per_epoch=steps_per_epoch,
        callbacks=[SampleGrid(run / "samples", lambda: trainer(z)), _SaveNetworks(run)],
    )
    return StyleGAN2Generator.from_preset(run / "generator")


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
        parts = [part if part.is_dir() else None for part in (folder / "generator", folder / "discriminator")]
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


def _make_trainer(networks, learning_rate, r1_gamma, dtype, seed, ema_ramp_up):
    generator, average, discriminator = networks
    if discriminator is None:
        discriminator = StyleGAN2Discriminator(
            generator.resolution,
            channel_base=generator.channel_base,
            channel_max=generator.channel_max,
            dtype=dtype,
            name="discriminator",
        )
        discriminator.build()
    trainer = GANTrainer(generator, discriminator, r1_gamma=r1_gamma, ema_ramp_up=ema_ramp_up, seed=seed)
    if average is not None:
        trainer.averaged_generator.set_weights(average.get_weights())
    trainer.compile(learning_rate, jit_compile=False)
    return trainer


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
