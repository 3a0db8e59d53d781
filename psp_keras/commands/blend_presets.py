"""`psp-keras blend`: a preset of the layers of two generators."""

from pathlib import Path

import numpy as np
from keras import ops

from psp_keras.check_output import check_files
from psp_keras.commands.load_generator import load_generator
from psp_keras.data.grids import image_grid
from psp_keras.data.image_files import to_uint8, write_image
from psp_keras.models.blend_generators import blend
from psp_keras.models.preset import check_preset_output
from psp_keras.ops.face_regions import shrink_to_256
from psp_keras.presets.registry import CONFIG_FILE, find_preset

_COLUMNS = 8
_TRUNCATION = 0.7


def blend_presets(coarse, fine, from_resolution, output, gradual=None, sheet=None, seed=0):
    """Blends the generators of two presets.

    Args:
        coarse: preset of a generator, or of a pSp, whose generator is used.
        fine: another one.
        from_resolution: see `psp_keras.models.blend`.
        output: folder for the preset.
        gradual: see `psp_keras.models.blend`.
        sheet: picture to write of what the three draw from the same z, a row each.
        seed: of those z.

    Returns:
        The blended `Generator`.

    Raises:
        UserError: the generators do not fit together, or the output would replace one of them or something else.
    """
    check_preset_output(output)
    check_files([Path(output) / CONFIG_FILE], [find_preset(preset) / CONFIG_FILE for preset in (coarse, fine)])
    (one, name), (other, other_name) = map(load_generator, (coarse, fine))
    blended = blend(one, other, from_resolution, gradual)
    blended.save_to_preset(output)
    if sheet is not None:
        z = np.random.default_rng(seed).standard_normal((_COLUMNS, one.style_dim), "float32")
        rows = [_draw(generator, z) for generator in (one, blended, other)]
        write_image(sheet, image_grid(rows, [Path(name).name, "blend", Path(other_name).name]))
    return blended


def _draw(generator, z):
    return list(to_uint8(ops.convert_to_numpy(shrink_to_256(generator(z, truncation=_TRUNCATION)))))
