"""`psp-keras train`: a pSp encoder for any task, generator and folder of pictures."""

import contextlib
import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any

import keras

from psp_keras import models
from psp_keras.callbacks.save_preset import SavePreset
from psp_keras.callbacks.tensorboard_log import TensorBoardLog
from psp_keras.callbacks.translation_grid import TranslationGrid, draw_translations
from psp_keras.errors import UserError, print_left_out
from psp_keras.losses.psp_loss import PSPLoss
from psp_keras.losses.terms import TERMS
from psp_keras.models.encoder_names import ENCODERS, ITERATIVE, PROGRESSIVE
from psp_keras.models.preset import from_preset
from psp_keras.optimizers.ranger import Ranger
from psp_keras.tasks.places import Places, open_examples, task_at
from psp_keras.tasks.registry import get_task
from psp_keras.training.devices import is_first_process, on_devices, synchronize_batch_norm
from psp_keras.training.feed import feed
from psp_keras.training.fit_resumable import best_so_far, fit_resumable
from psp_keras.training.options import PSPOptions
from psp_keras.training.run_dtype import run_dtype
from psp_keras.training.run_folder import lock_run, run_of_process
from psp_keras.training.wandb_session import wandb_session
from psp_keras.typing import PathLike

_GRID_IMAGES = 8
# Encoders by the options that only they have.
_ENCODERS_WITH = {"iterations": ITERATIVE, "progressive_start": PROGRESSIVE, "progressive_every": PROGRESSIVE}
_E4E_LOSSES = {"delta_norm": 2e-4, "adversarial": 0.1}  # as published, beside the task's


def train_psp(output: PathLike, *, on_broken: Callable[[str], None] = print_left_out, **options: Any) -> models.PSP:
    """Trains a pSp encoder for a task; the same call goes on where a stopped one left off.

    Args:
        output: the run folder: `best/` and `last/` (presets), `grids/`, `log.csv`, `checkpoint.npz`, `run.json`.
        on_broken: called with a line for each picture that cannot be read, or has no partner, and is left out.
        **options: the fields of `psp_keras.training.PSPOptions`: `task`, `data`, `generator`, `steps`, ...

    Returns:
        The trained `PSP`.

    Raises:
        UserError: the options contradict each other or the run folder, or a file is missing or damaged.
    """
    options = PSPOptions(output=output, **options)
    _check_encoder(options)
    task, places = _task_and_places(options)
    keras.utils.set_random_seed(options.seed)
    with contextlib.ExitStack() as stack:
        stack.enter_context(on_devices(options.devices))
        if is_first_process():
            stack.enter_context(lock_run(output))
        options = dataclasses.replace(options, dtype=run_dtype(options.dtype, output))
        frozen = models.Generator.from_preset(options.generator, dtype=options.dtype)
        options = options.with_sizes_for(frozen.resolution)
        model = _make_model(task, frozen, options)
        size = model.encoder.image_size
        examples = open_examples(task, size, places, options.num_mini_faces, options.seed, on_left_out=on_broken)
        held_out = examples.validation(options.num_validation)
        record = {**options.recorded(), "task": task.get_config()}
        run = stack.enter_context(run_of_process(output, record))
        training = functools.cache(examples.open_training)

        def batches(skip):
            return examples.batches(training(), options.batch_size, options.seed, skip)

        stack.enter_context(wandb_session(options.wandb, run, record))
        fit_resumable(
            model,
            batches,
            run,
            epochs=math.ceil(options.steps / options.steps_per_epoch),
            steps_per_epoch=options.steps_per_epoch,
            callbacks=_callbacks(run, options, held_out, batches, examples.inputs.to_pictures),
            verbose="auto" if is_first_process() else 0,
            **_validation(held_out, options),
        )
        return model


def _check_encoder(options):
    for name, encoders in _ENCODERS_WITH.items():
        if getattr(options, name) is not None and options.encoder not in encoders:
            raise UserError(f"`{name}` is for the encoders {' and '.join(encoders)}, not for {options.encoder}.")


def _task_and_places(options):
    """The task with what the caller wants otherwise, and where its examples are; useless options are mistakes."""
    places = Places(options.data, options.source, options.target, options.val_source, options.val_target)
    task = task_at(get_task(options.task), places)
    if options.num_classes is not None and task.source != "segmentation":
        raise UserError(f"`num_classes` counts the labels of segmentation maps; the task {task.name} reads none.")
    if options.mask is not None and task.degrade != "mask":
        raise UserError(f"`mask` belongs to inpainting; the task {task.name} hides nothing.")
    changes = {"num_classes": options.num_classes, "mask": options.mask}
    changes = {name: value for name, value in changes.items() if value is not None}
    own = _E4E_LOSSES if options.encoder in PROGRESSIVE else {}
    task = dataclasses.replace(task, losses={**task.losses, **own, **(options.losses or {})}, **changes)
    if options.moco_network and not task.losses.get("moco"):
        raise UserError("`moco_network` is of no use while the weight `moco` is 0.")
    places.check(task)
    return task, places


def _make_model(task, frozen, options):
    """The compiled `PSP` that the options describe."""
    kind, settings = ENCODERS[options.encoder]
    if options.iterations is not None:
        settings = {**settings, "num_iterations": options.iterations}
    network = getattr(models, kind).for_generator(
        frozen,
        in_channels=task.source_channels,
        num_layers=options.num_layers,
        width=options.width,
        style_filters=options.style_filters,
        dtype=options.dtype,
        name="encoder",
        **settings,
    )
    model = models.PSP(network, frozen, task=task.get_config(), dtype=options.dtype, name="psp")
    if options.sync_batch_norm:
        synchronize_batch_norm(network)
    if options.start_from:
        network.start_from(_load_start(options.start_from))
    networks = {name: getattr(options, name) for name in ("perceptual_network", "arcface", "moco_network")}
    rate = keras.optimizers.schedules.CosineDecay(options.learning_rate, options.steps)
    if task.losses.get("adversarial"):
        networks["adversary"] = models.LatentAdversary(network, options.learning_rate / 5, seed=options.seed)
    loss = PSPLoss(**{**dict.fromkeys(TERMS, 0), **task.losses}, **networks)
    model.compile(Ranger(rate), loss, stages=_stages(options, frozen.num_styles))
    return model


def _stages(options, num_styles):
    """When e4e's styles may differ; by default after the shares of the training that were published."""
    if options.encoder not in PROGRESSIVE:
        return None
    start = options.steps // 10 if options.progressive_start is None else options.progressive_start
    every = max(1, options.steps // 100) if options.progressive_every is None else options.progressive_every
    return models.ProgressiveStages(start, every, last=num_styles - 1)


def _load_start(preset):
    """The network that an encoder may start from."""
    model = from_preset(preset)
    if not isinstance(model, (models.PSP, models.ArcFace)):
        raise UserError(f"{preset} holds a {type(model).__name__}: an encoder starts from a PSP or an ArcFace.")
    return model.encoder if isinstance(model, models.PSP) else model


def _validation(held_out, options):
    """Arguments of `fit` for the validation pictures; several devices need batches that divide evenly."""
    if options.devices == 1:
        return {"validation_data": held_out, "validation_batch_size": options.batch_size}
    size = min(options.batch_size, len(held_out[0]) // options.devices * options.devices)
    if not size:
        raise UserError(f"{len(held_out[0])} validation pictures are too few for `devices` {options.devices}.")
    steps = len(held_out[0]) // size
    batches = [tuple(part[step * size : (step + 1) * size] for part in held_out) for step in range(steps)]
    return {"validation_data": feed(batches), "validation_steps": steps}


def _callbacks(run, options, held_out, batches, to_pictures):
    best, shown = best_so_far(run, "val_loss"), [part[:_GRID_IMAGES] for part in held_out]
    callbacks = [SavePreset(run, best_so_far=best), TranslationGrid(run / "grids", *shown, to_pictures)]
    if options.tensorboard:

        def draw(model):
            return draw_translations(model, *shown, to_pictures)

        callbacks.append(TensorBoardLog(run / "tensorboard", draw, every=options.log_every))
    if options.wandb:
        from psp_keras.callbacks import WandbBestModel, WandbLosses, WandbTranslations  # wandb is optional

        def train_batch(step):
            return next(iter(batches(step)))

        tables = WandbTranslations(held_out, train_batch, options.steps_per_epoch, to_pictures, seed=options.seed)
        callbacks += [WandbLosses(options.log_every), tables, WandbBestModel(run, best_so_far=best)]
    return callbacks
