"""`psp-keras train-gan`: a StyleGAN2 generator for any folder of pictures."""

import math
from pathlib import Path

import keras

from psp_keras.callbacks.sample_grid import SampleGrid
from psp_keras.data.image_source import check_source, open_source, training_batches
from psp_keras.errors import print_left_out
from psp_keras.models.stylegan2_discriminator import StyleGAN2Discriminator
from psp_keras.models.stylegan2_generator import StyleGAN2Generator
from psp_keras.training.fit_resumable import fit_resumable
from psp_keras.training.gan_trainer import GANTrainer
from psp_keras.training.run_folder import open_run

NUM_SAMPLES = 64


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
    dtype="mixed_bfloat16",
    seed=0,
    on_broken=print_left_out,
):
    """Trains a StyleGAN2 generator; the same call goes on where a stopped one left off.

    Args:
        data: a folder of pictures, or `"mini_faces"`.
        output: the run folder: `generator/` (a preset), `samples/`, `log.csv`, `checkpoint.npz`, `config.json`.
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
        dtype: dtype policy; `"mixed_bfloat16"` is about twice as fast where the processor has bfloat16 units.
        seed: of the weights, the data order and the noise.
        on_broken: called with a line for each picture that cannot be read and is left out.

    Returns:
        `StyleGAN2Generator`, the moving average, with its latent average.
    """
    options = {name: value for name, value in locals().items() if name not in ("output", "on_broken")}
    keras.utils.set_random_seed(seed)
    shape = {"channel_base": channel_base, "channel_max": channel_max, "dtype": dtype}
    generator = StyleGAN2Generator(resolution, style_dim, mapping_layers, **shape, name="generator")
    generator.build()
    discriminator = StyleGAN2Discriminator(resolution, **shape, name="discriminator")
    discriminator.build((None, resolution, resolution, 3))
    trainer = GANTrainer(generator, discriminator, r1_gamma=r1_gamma, seed=seed)
    trainer.compile(learning_rate, jit_compile=False)

    check_source(data)
    run = open_run(output, options)
    z = keras.random.normal((NUM_SAMPLES, style_dim), seed=seed)
    fit_resumable(
        trainer,
        lambda skip: training_batches(
            open_source(data, resolution, num_mini_faces, seed, on_broken),
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


class _SaveGenerator(keras.callbacks.Callback):
    """Writes the averaged generator as a preset at the end of every epoch."""

    def __init__(self, directory):
        super().__init__()
        self.directory = Path(directory)

    def on_epoch_end(self, epoch, logs=None):
        average = self.model.averaged_generator
        average.estimate_latent_average()
        average.save_to_preset(self.directory)
