"""`psp-keras train`: a pSp encoder for any generator and any folder of pictures."""

import csv
import math
import zlib

import keras

from psp_keras.callbacks.save_preset import SavePreset
from psp_keras.callbacks.translation_grid import TranslationGrid
from psp_keras.data.image_files import list_images, to_float
from psp_keras.data.image_source import open_files, open_source, read_images, training_batches
from psp_keras.data.mini_faces import MiniFaces
from psp_keras.errors import UserError, print_left_out
from psp_keras.losses.psp_loss import PSPLoss
from psp_keras.models.encoder_into_w import EncoderIntoW
from psp_keras.models.encoder_into_w_plus import EncoderIntoWPlus
from psp_keras.models.gradual_style_encoder import GradualStyleEncoder
from psp_keras.models.psp import PSP
from psp_keras.models.stylegan2_generator import StyleGAN2Generator
from psp_keras.optimizers.ranger import Ranger
from psp_keras.training.fit_resumable import fit_resumable
from psp_keras.training.run_folder import open_run

ENCODERS = ("gradual", "into_w", "into_w_plus")
_VALIDATION_PERCENT = 5
_GRID_IMAGES = 8


def train_psp(
    data,
    output,
    generator="mini_faces_stylegan2",
    encoder="gradual",
    num_layers=18,
    width=16,
    style_filters=48,
    l2=1.0,
    lpips=0.8,
    id=0.1,
    w_norm=0.0,
    perceptual_network="mini_faces_vgg",
    arcface="mini_faces_arcface",
    steps=10000,
    steps_per_epoch=500,
    batch_size=16,
    learning_rate=1e-3,
    mirror=True,
    num_mini_faces=20000,
    num_validation=256,
    dtype="float32",
    seed=0,
    on_broken=print_left_out,
):
    """Trains a pSp encoder for inversion; the same call goes on where a stopped one left off.

    Args:
        data: a folder of pictures, of which 5 % by a hash of their names are held out, or `"mini_faces"`.
        output: the run folder: `best/` and `last/` (presets), `grids/`, `log.csv`, `checkpoint.npz`, `run.json`.
        generator: preset of the frozen generator.
        encoder: `"gradual"` (pSp), `"into_w"` or `"into_w_plus"`.
        num_layers: depth of the encoder's backbone; 50 in the paper.
        width: channels of its first stage; 64 in the paper.
        style_filters: channels in the map2style blocks; 512 in the paper.
        l2: weight of the mean squared error.
        lpips: weight of LPIPS.
        id: weight of the identity loss.
        w_norm: weight of the distance from the average latent.
        perceptual_network: preset for LPIPS.
        arcface: preset for the identity loss.
        steps: length of the training.
        steps_per_epoch: steps between two checkpoints, validations and grids.
        batch_size: pictures in a step.
        learning_rate: of Ranger at the start; it falls to 0 along a cosine.
        mirror: whether to flip pictures at random.
        num_mini_faces: how many MiniFaces to draw when `data` is `"mini_faces"`.
        num_validation: held-out pictures to measure, at most.
        dtype: dtype policy of the encoder and the generator.
        seed: of the weights and the data order.
        on_broken: called with a line for each picture that cannot be read and is left out.

    Returns:
        The trained `PSP`.
    """
    options = {name: value for name, value in locals().items() if name not in ("output", "on_broken")}
    keras.utils.set_random_seed(seed)
    frozen = StyleGAN2Generator.from_preset(generator, dtype=dtype)
    model = PSP(make_encoder(encoder, frozen, num_layers, width, style_filters, dtype), frozen, dtype=dtype, name="psp")
    loss = PSPLoss(l2, lpips, id, w_norm, perceptual_network=perceptual_network, arcface=arcface)
    model.compile(Ranger(keras.optimizers.schedules.CosineDecay(learning_rate, steps)), loss)

    size = model.encoder.image_size
    training, held_out = _split(data, size, num_mini_faces, num_validation, seed, on_broken)

    def batches(skip):
        images = training_batches(training(), batch_size, seed=seed, start_step=skip, mirror=mirror)
        return images.map(lambda image: (image, image))

    run = open_run(output, options)
    grid = held_out[:_GRID_IMAGES]
    fit_resumable(
        model,
        batches,
        run,
        epochs=math.ceil(steps / steps_per_epoch),
        steps_per_epoch=steps_per_epoch,
        callbacks=[
            SavePreset(run, best_so_far=_best_so_far(run / "log.csv")),
            TranslationGrid(run / "grids", grid, grid),
        ],
        validation_data=(held_out, held_out),
        validation_batch_size=batch_size,
    )
    return model


def make_encoder(kind, generator, num_layers, width, style_filters=None, dtype="float32"):
    """Returns an untrained encoder that fits a generator, for square inputs of at most 256 pixels."""
    options = {
        "style_dim": generator.style_dim,
        "image_size": min(256, generator.resolution),
        "num_layers": num_layers,
        "width": width,
        "dtype": dtype,
        "name": "encoder",
    }
    if kind == "into_w":
        return EncoderIntoW(**options)
    if kind == "into_w_plus":
        return EncoderIntoWPlus(generator.num_styles, **options)
    if kind == "gradual":
        return GradualStyleEncoder(generator.num_styles, style_filters=style_filters, **options)
    raise UserError(f"There is no encoder {kind!r}: choose one of {', '.join(ENCODERS)}.")


def _split(data, size, num_mini_faces, num_validation, seed, on_broken):
    """Returns a function that opens the training pictures, and the held-out ones as float32."""
    if data == "mini_faces":
        held_out = MiniFaces(size, seed + 1, split="train").images(range(num_validation))
        return lambda: open_source(data, size, num_mini_faces, seed), to_float(held_out)
    paths = list_images(data)
    chosen = [path for path in paths if zlib.crc32(path.name.encode()) % 100 < _VALIDATION_PERCENT] or paths[:1]
    training = [path for path in paths if path not in set(chosen)]
    if not training:
        raise UserError(f"{data} holds {len(paths)} pictures; training and validation need at least two.")
    held_out = read_images(chosen[:num_validation], size, on_broken)[1]
    return lambda: open_files(training, size, on_broken), to_float(held_out)


def _best_so_far(log):
    if not log.exists():
        return float("inf")
    with open(log, newline="") as file:
        return min((float(row["val_loss"]) for row in csv.DictReader(file)), default=float("inf"))
