"""Finds presets: the small ones that ship beside this file, and directories of the user's."""

from pathlib import Path

from psp_keras.atomic_write import whole_folder
from psp_keras.errors import UserError

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.weights.h5"
_BUILT_IN = Path(__file__).parent


def list_presets():
    """Names of the built-in presets."""
    return sorted(path.parent.name for path in _BUILT_IN.glob(f"*/{CONFIG_FILE}"))


def find_preset(preset):
    """Returns the directory of a built-in preset name, a preset directory, or a run folder (its best preset).

    Raises:
        UserError: neither a built-in preset nor a directory with a `config.json`.
    """
    if str(preset) in list_presets():
        return _BUILT_IN / str(preset)
    for directory in map(whole_folder, (Path(preset), Path(preset) / "best")):
        if (directory / CONFIG_FILE).is_file():
            return directory
    names = ", ".join(list_presets())
    raise UserError(f"There is no preset {str(preset)!r}: give a directory with a {CONFIG_FILE}, or one of {names}.")
