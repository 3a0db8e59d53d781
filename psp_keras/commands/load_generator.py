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
