"""What the commands that write folders of directions share."""

from psp_keras.editing.direction_files import save_directions
from psp_keras.errors import UserError
from psp_keras.models.generator import Generator
from psp_keras.models.preset import from_preset
from psp_keras.models.psp import PSP


def load_generator(preset):
    """Returns `(generator, preset)` of the preset of a generator or of a pSp.

    Raises:
        UserError: it is of something else.
    """
    model = from_preset(preset)
    if not isinstance(model, (PSP, Generator)):
        raise UserError(f"A {type(model).__name__} draws nothing: give the preset of a generator or of a pSp.")
    return (model.generator if isinstance(model, PSP) else model), str(preset)


def write_directions(output, directions):
    """Writes a folder of directions and says what is in it."""
    save_directions(output, directions)
    print(f"{len(directions)} directions in {output}; psp-keras directions show {output} draws them")
