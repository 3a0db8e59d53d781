"""`psp-keras directions show`: a picture of what directions do."""

import numpy as np
from keras import ops

from psp_keras.batches import images_at_once, map_batches
from psp_keras.check_output import PICTURE_ENDINGS, check_files
from psp_keras.commands.load_generator import load_generator
from psp_keras.data.grids import image_grid
from psp_keras.data.image_files import to_uint8, write_image
from psp_keras.editing.direction_files import load_directions
from psp_keras.editing.edit_latents import edit
from psp_keras.editing.known_generator import KnownGenerator
from psp_keras.errors import UserError
from psp_keras.ops.face_regions import shrink_to_256
from psp_keras.progress import Progress

_COLUMNS = 7
_MOST_ROWS = 40


def draw_directions(directions, output, preset=None, strength=None, seed=None):
    """Writes a grid: a row for each direction, at most 40, and a column for each strength.

    Args:
        directions: folder of directions.
        output: the picture to write.
        preset: generator or pSp that draws; by default the one that the first direction was found in.
        strength: strengths for all; by default 7 over the range of each direction.
        seed: of a random face; the average face by default.

    Returns:
        How many directions were drawn.

    Raises:
        UserError: there are no directions, or they do not fit the generator.
    """
    check_files([output], endings=PICTURE_ENDINGS)
    shown = list(load_directions(directions).values())[:_MOST_ROWS]
    if not shown:
        raise UserError(f"{directions} holds no directions.")
    if preset is None and shown[0].generator is None:
        raise UserError(f"{directions} does not say which generator its directions are for: give `preset`.")
    generator, name = load_generator(preset or shown[0].generator.name)
    known, latents = KnownGenerator.of(generator, name), _face(generator, seed)
    rows, progress = [], Progress(len(shown), "direction")
    for direction in shown:
        direction.check_generator(known)
        strengths = np.linspace(*direction.range, _COLUMNS) if strength is None else np.asarray(strength)
        edited = ops.convert_to_numpy(edit(np.repeat(latents, len(strengths), axis=0), direction, strengths))
        drawn = map_batches(
            lambda batch: shrink_to_256(generator.synthesize(batch)), edited, images_at_once(generator.resolution)
        )
        rows.append(list(to_uint8(drawn)))
        progress.add()
    if strength is None:
        names = [f"{one.name}: {one.range[0]:.3g} to {one.range[1]:.3g}" for one in shown]
        titles = None
    else:
        names, titles = [one.name for one in shown], [f"{value:g}" for value in strength]
    write_image(output, image_grid(rows, names, titles))
    return len(shown)


def _face(generator, seed):
    if seed is None:
        average = ops.convert_to_numpy(generator.latent_average)
        return np.broadcast_to(average, (1, generator.num_styles, generator.style_dim))
    z = np.random.default_rng(seed).standard_normal((1, generator.style_dim), "float32")
    return ops.convert_to_numpy(generator.map(z, truncation=0.7))
