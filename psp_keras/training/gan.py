"""`psp-keras train-gan`: a StyleGAN2 generator for any folder of pictures."""

import math
from pathlib import Path

import keras

from psp_keras.atomic_write import whole_folder
from psp_keras.callbacks.sample_grid import SampleGrid
from psp_keras.callbacks.training_checkpoint import TrainingCheckpoint
from psp_keras.data.image_source import check_source, open_source, training_batches
from psp_keras.errors import print_left_out
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
        output: the run folder: `generator/` (a preset), `samples/`, `log.csv`, `checkpoint.npz`, `run.json`.
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
        start_from: fine-tune what this run folder holds, or the generator of this preset beside a new discriminator;
            its shape replaces the five options from `resolution` to `channel_max`.
        dtype: dtype policy; `"auto"` is `"mixed_bfloat16"`, about twice as fast, where the hardware has bfloat16
            units; see `run_dtype`.
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
    else:
        generator = _load_generator(start_from, dtype)
    trainer = _make_trainer(generator, learning_rate, r1_gamma, dtype, seed)
    if start_from is not None:
        TrainingCheckpoint(Path(start_from) / CHECKPOINT_FILE).restore(trainer)

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
        callbacks=[SampleGrid(run / "samples", lambda: trainer(z)), _SaveGenerator(run / "generator")],
    )
    return StyleGAN2Generator.from_preset(run / "generator")


def _load_generator(start_from, dtype):
    folder = whole_folder(Path(start_from) / "generator")
    generator = StyleGAN2Generator.from_preset(folder if folder.is_dir() else start_from, dtype=dtype)
    generator.trainable = True
    return generator


def _make_trainer(generator, learning_rate, r1_gamma, dtype, seed):
    discriminator = StyleGAN2Discriminator(
        generator.resolution,
        channel_base=generator.channel_base,
        channel_max=generator.channel_max,
        dtype=dtype,
        name="discriminator",
    )
    discriminator.build((None, generator.resolution, generator.resolution, 3))
    trainer = GANTrainer(generator, discriminator, r1_gamma=r1_gamma, seed=seed)
    trainer.compile(learning_rate, jit_compile=False)
    return trainer


class _SaveGenerator(keras.callbacks.Callback):
    """Writes the averaged generator as a preset at the end of every epoch."""

    def __init__(self, directory):
        super().__init__()
        self.directory = Path(directory)

    def on_epoch_end(self, epoch, logs=None):
        average = self.model.averaged_generator
        average.estimate_latent_average()
        average.save_to_preset(self.directory)
