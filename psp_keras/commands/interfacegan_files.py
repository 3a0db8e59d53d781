"""`psp-keras directions interfacegan`: directions from picture files and a table of their scores."""

import numpy as np

from psp_keras.batches import images_at_once, map_batches
from psp_keras.commands.picture_files import collect_files
from psp_keras.data.image_source import read_images
from psp_keras.editing.interfacegan_directions import condition, interfacegan
from psp_keras.editing.known_generator import KnownGenerator
from psp_keras.editing.score_files import read_scores
from psp_keras.errors import UserError, print_left_out, print_note
from psp_keras.tasks.encoder_inputs import EncoderInputs
from psp_keras.tasks.registry import get_task

_CHANCE = 0.7


def interfacegan_files(
    model, preset, inputs, scores, names=None, conditional=False, extremes=0.1, seed=0, on_broken=print_left_out
):
    """Finds a direction for each score.

    Args:
        model: `PSP`.
        preset: what it was loaded from.
        inputs: files and folders.
        scores: table of the scores, see `read_scores`.
        names: columns of it, with commas between them; all by default.
        conditional: whether each direction is made to leave the other scores alone.
        extremes: see `interfacegan`.
        seed: see `interfacegan`.
        on_broken: called with a line for each file that cannot be read, or has no score, and is left out.

    Returns:
        `Direction`s.

    Raises:
        UserError: the table lacks a column, or there are too few pictures with scores.
    """
    files, columns = read_scores(scores)
    names = names.split(",") if names else list(columns)
    missing = [name for name in names if name not in columns]
    if missing:
        raise UserError(f"{scores} has no column of numbers called {missing[0]!r}, but {', '.join(columns)}.")
    rows = {file: row for row, file in enumerate(files)}
    paths = collect_files(inputs)
    for path in paths:
        if path.name not in rows:
            on_broken(f"{path} has no scores in {scores}.")
    paths = [path for path in paths if path.name in rows]
    if not paths:
        raise UserError(f"{scores} has scores of none of the pictures.")
    paths, latents = _read_latents(model, paths, on_broken)
    chosen = [rows[path.name] for path in paths]
    known, directions = KnownGenerator.of(model.generator, preset), []
    for name in names:
        direction, accuracy = interfacegan(latents, np.array(columns[name])[chosen], name, extremes, known, seed)
        print(f"{name}: {accuracy:.0%} of the extremes kept apart are on the right side")
        if accuracy < _CHANCE:
            print_note(f"little more than chance: these latents hardly tell {name}, or there are too few pictures.")
        directions.append(direction)
    if conditional:
        return [condition(one, [other for other in directions if other is not one]) for one in directions]
    return directions


def _read_latents(model, paths, on_broken):
    seen = EncoderInputs.to_translate(get_task(model.task), model.encoder.image_size)
    paths, images = read_images(paths, seen.read, on_broken)
    return paths, map_batches(lambda batch: model.encode(seen(batch)), images, images_at_once(model.encoder.image_size))
