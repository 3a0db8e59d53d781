"""`psp-keras train`: a pSp encoder for any task, generator and folder of pictures."""

import contextlib
import dataclasses
import functools
import math
import os
import shutil
import tempfile
from pathlib import Path

import keras

from psp_keras.callbacks.csv_log import read_log
from psp_keras.callbacks.save_preset import SavePreset
from psp_keras.callbacks.tensorboard_log import TensorBoardLog
from psp_keras.callbacks.training_checkpoint import checkpoint_files, finished_epochs
from psp_keras.callbacks.translation_grid import TranslationGrid
from psp_keras.callbacks.wandb_run import finish_wandb, start_wandb
from psp_keras.data.image_source import endless_batches
from psp_keras.errors import UserError, print_left_out
from psp_keras.losses.psp_loss import TERMS, PSPLoss
from psp_keras.models.arcface import ArcFace
from psp_keras.models.encoder_into_w import EncoderIntoW
from psp_keras.models.encoder_into_w_plus import EncoderIntoWPlus
from psp_keras.models.gradual_style_encoder import GradualStyleEncoder
from psp_keras.models.preset import load_preset
from psp_keras.models.psp import PSP
from psp_keras.models.stylegan2_generator import StyleGAN2Generator
from psp_keras.optimizers.ranger import Ranger
from psp_keras.option_kinds import check_above_zero, check_whole
from psp_keras.tasks.registry import get_task
from psp_keras.tasks.task_data import TaskData
from psp_keras.training.devices import is_first_process, on_devices, synchronize_batch_norm
from psp_keras.training.examples import check_places, open_examples, with_mini_faces_classes
from psp_keras.training.fit_resumable import CHECKPOINT_FILE, fit_resumable
from psp_keras.training.run_dtype import run_dtype
from psp_keras.training.run_folder import check_length, lock_run, open_run
from psp_keras.values import LARGEST_SEED

ENCODERS = ("gradual", "into_w", "into_w_plus")
_GRID_IMAGES = 8
_NO_PART_OF_THE_RUN = ("output", "on_broken", "wandb", "tensorboard", "log_every")


def train_psp(
    output,
    task="inversion",
    data=None,
    source=None,
    target=None,
    val_source=None,
    val_target=None,
    generator="mini_faces_stylegan2",
    encoder="gradual",
    num_layers=18,
    width=16,
    style_filters=48,
    start_from=None,
    losses=None,
    perceptual_network="mini_faces_vgg",
    arcface="mini_faces_arcface",
    moco_network=None,
    num_classes=None,
    mask=None,
    steps=10000,
    steps_per_epoch=500,
    batch_size=16,
    learning_rate=1e-3,
    num_mini_faces=20000,
    num_validation=256,
    dtype="auto",
    seed=0,
    devices=1,
    sync_batch_norm=False,
    wandb=None,
    tensorboard=False,
    log_every=50,
    on_broken=print_left_out,
):
    """Trains a pSp encoder for a task; the same call goes on where a stopped one left off.

    Args:
        output: the run folder: `best/` and `last/` (presets), `grids/`, `log.csv`, `checkpoint.npz`, `run.json`.
        task: `Task`, the name of a built-in one, or a YAML file.
        data: the folder of pictures of a task that needs no pairs, or `"mini_faces"` for any task.
        source: folder of the sources of a paired task.
        target: folder of its targets, matched by file name.
        val_source: folder for validation; without it 5 % of the examples, by a hash of their names, are held out.
        val_target: folder of the validation targets of a paired task.
        generator: preset of the frozen generator.
        encoder: `"gradual"` (pSp), `"into_w"` or `"into_w_plus"`.
        num_layers: depth of the encoder's backbone; 50 in the paper.
        width: channels of its first stage; 64 in the paper.
        style_filters: channels in the map2style blocks; 512 in the paper.
        start_from: preset of a `PSP` whose encoder, or of an `ArcFace` whose backbone, the encoder starts from.
        losses: weights that replace the task's, by term; see `PSPLoss`.
        perceptual_network: preset for LPIPS.
        arcface: preset for the identity loss.
        moco_network: preset for the MoCo loss.
        num_classes: labels in a segmentation map, instead of the task's.
        mask: what inpainting hides, instead of the task's; see `Task`.
        steps: length of the training.
        steps_per_epoch: steps between two checkpoints, validations and grids.
        batch_size: pictures in a step.
        learning_rate: of Ranger at the start; it falls to 0 along a cosine.
        num_mini_faces: how many MiniFaces to draw when `data` is `"mini_faces"`.
        num_validation: held-out pictures to measure, at most.
        dtype: dtype policy of the encoder and the generator; see `run_dtype` for `"auto"`.
        seed: of the weights and the data order.
        devices: how many to train on, see `on_devices`; each works on its part of every batch.
        sync_batch_norm: whether batch normalisation uses the statistics of the whole batch and not of each device's
            part; JAX always does.
        wandb: name of the Weights & Biases project to log to.
        tensorboard: whether to write `tensorboard/` in the run folder.
        log_every: steps between two training losses in W&B and TensorBoard; their tables of pictures come every
            `steps_per_epoch` steps.
        on_broken: called with a line for each picture that cannot be read, or has no partner, and is left out.

    Returns:
        The trained `PSP`.

    Raises:
        UserError: the options contradict each other or the run folder, or a file is missing or damaged.
    """
    options = {name: value for name, value in locals().items() if name not in _NO_PART_OF_THE_RUN}
    check_whole(1, steps=steps, steps_per_epoch=steps_per_epoch, batch_size=batch_size, devices=devices)
    check_whole(1, num_mini_faces=num_mini_faces, num_validation=num_validation, log_every=log_every)
    check_whole(0, LARGEST_SEED, seed=seed)
    check_above_zero(learning_rate=learning_rate)
    task = _adapt_task(get_task(task), data, losses, num_classes=num_classes, mask=mask)
    if moco_network and not task.losses.get("moco"):
        raise UserError("`moco_network` is of no use while the weight `moco` is 0.")
    options["task"] = task.get_config()
    places, val_places = (data, source, target), (val_source, val_target)
    check_places(task, places, val_places)
    if batch_size % devices:
        raise UserError(f"`batch_size` {batch_size} is not a multiple of `devices` {devices}.")
    check_length(steps=steps, steps_per_epoch=steps_per_epoch, batch_size=batch_size, num_mini_faces=num_mini_faces)
    keras.utils.set_random_seed(seed)
    with contextlib.ExitStack() as stack:
        stack.enter_context(on_devices(devices))
        options["dtype"] = run_dtype(dtype, output)
        if is_first_process():
            stack.enter_context(lock_run(output))
        model = _make_model(task, options, sync_batch_norm)
        task_data = TaskData(task, model.encoder.image_size)
        open_training, held_out = open_examples(
            task_data, places, val_places, num_mini_faces, num_validation, seed, on_broken
        )
        examples = functools.cache(open_training)

        def prepare(step, indices, stored):
            return task_data.prepare(stored, (step, seed), augment=True)

        def batches(skip):
            return endless_batches(examples(), prepare, batch_size, seed, skip)

        measured = task_data.measured(held_out)
        validation = _validation(measured, batch_size, devices)
        run = stack.enter_context(_folder_of_process(output, options))
        to_pictures, best = task_data.source.to_pictures, _best_so_far(run)
        callbacks = [SavePreset(run, best_so_far=best)]
        callbacks += _picture_callbacks(run, measured, to_pictures, log_every if tensorboard else None)
        if wandb:
            if not is_first_process():
                os.environ["WANDB_MODE"] = "disabled"
            start_wandb(wandb, run, options)
            callbacks += _wandb_callbacks(run, measured, batches, to_pictures, log_every, steps_per_epoch, best, seed)
        fit_resumable(
            model,
            batches,
            run,
            epochs=math.ceil(steps / steps_per_epoch),
            steps_per_epoch=steps_per_epoch,
            callbacks=callbacks,
            verbose="auto" if is_first_process() else 0,
            **validation,
        )
        if wandb:
            finish_wandb()
        return model


def _make_model(task, options, sync_batch_norm):
    """The compiled `PSP` that the options of `train_psp` describe."""
    dtype = options["dtype"]
    frozen = StyleGAN2Generator.from_preset(options["generator"], dtype=dtype)
    shape = [options[name] for name in ("num_layers", "width", "style_filters")]
    network = make_encoder(options["encoder"], frozen, *shape, dtype, task.open_source().channels)
    model = PSP(network, frozen, task=task.get_config(), dtype=dtype, name="psp")
    if sync_batch_norm:
        synchronize_batch_norm(network)
    if options["start_from"]:
        network.start_from(_load_start(options["start_from"]))
    networks = {name: options[name] for name in ("perceptual_network", "arcface", "moco_network")}
    loss = PSPLoss(**{**dict.fromkeys(TERMS, 0), **task.losses}, **networks)
    schedule = keras.optimizers.schedules.CosineDecay(options["learning_rate"], options["steps"])
    model.compile(Ranger(schedule), loss)
    return model


def _validation(measured, batch_size, devices):
    """Arguments of `fit` for the validation pictures; several devices need batches that divide evenly."""
    if devices == 1:
        return {"validation_data": measured, "validation_batch_size": batch_size}
    import tensorflow as tf

    size = min(batch_size, len(measured[0]) // devices * devices)
    if not size:
        raise UserError(f"{len(measured[0])} validation pictures are too few for `devices` {devices}.")
    batches = tf.data.Dataset.from_tensor_slices(measured).batch(size, drop_remainder=True)
    return {"validation_data": batches.repeat(), "validation_steps": len(measured[0]) // size}


@contextlib.contextmanager
def _folder_of_process(output, options):
    """The run folder; of several processes only the first writes there, the others into a copy that goes away."""
    if is_first_process():
        yield open_run(output, options)
        return
    with tempfile.TemporaryDirectory() as scratch:
        for path in (*checkpoint_files(Path(output) / CHECKPOINT_FILE), Path(output) / "log.csv"):
            if path.exists():
                shutil.copy(path, scratch)
        yield Path(scratch)


def _adapt_task(task, data, losses, **changes):
    """The task with what the caller wants otherwise; an option that it has no use for is a mistake."""
    if changes["num_classes"] is not None and task.source != "segmentation":
        raise UserError(f"`num_classes` counts the labels of segmentation maps; the task {task.name} reads none.")
    if changes["mask"] is not None and task.degrade != "mask":
        raise UserError(f"`mask` belongs to inpainting; the task {task.name} hides nothing.")
    task = with_mini_faces_classes(task, data)
    changes = {name: value for name, value in changes.items() if value is not None}
    return dataclasses.replace(task, losses={**task.losses, **(losses or {})}, **changes)


def _load_start(preset):
    """The network that an encoder may start from."""
    model = load_preset(preset)
    if not isinstance(model, (PSP, ArcFace)):
        raise UserError(f"{preset} holds a {type(model).__name__}: an encoder starts from a PSP or an ArcFace.")
    return model.encoder if isinstance(model, PSP) else model


def _picture_callbacks(run, measured, to_pictures, tensorboard_every):
    shown = [part[:_GRID_IMAGES] for part in measured]
    callbacks = [TranslationGrid(run / "grids", *shown, to_pictures)]
    if tensorboard_every:
        callbacks.append(TensorBoardLog(run / "tensorboard", *shown, to_pictures, tensorboard_every))
    return callbacks


def _wandb_callbacks(run, measured, batches, to_pictures, log_every, table_every, best, seed):
    from psp_keras.callbacks import WandbBestModel, WandbLosses, WandbTranslations  # wandb is optional

    def train_batch(step):
        return next(iter(batches(step)))

    tables = WandbTranslations(measured, train_batch, table_every, to_pictures, seed=seed)
    return [WandbLosses(log_every), tables, WandbBestModel(run, best_so_far=best)]


def make_encoder(kind, generator, num_layers, width, style_filters=None, dtype="float32", in_channels=3):
    """Returns an untrained encoder that fits a generator, for square inputs of at most 256 pixels."""
    options = {
        "style_dim": generator.style_dim,
        "image_size": min(256, generator.resolution),
        "in_channels": in_channels,
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


def _best_so_far(run):
    """The smallest validation loss up to the checkpoint: what the log has beyond it is trained again."""
    done = finished_epochs(run / CHECKPOINT_FILE)
    losses = [row.get("val_loss", math.nan) for row in read_log(run / "log.csv")[0] if row["epoch"] <= done]
    return min(filter(math.isfinite, losses), default=math.inf)
