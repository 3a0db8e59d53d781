"""Options as plain declarations, from which functions, the command line and run folders are made. Imports no Keras."""

import dataclasses

from psp_keras.errors import UserError


def option(kind, help, default=dataclasses.MISSING, flag=None, positional=False, recorded=True):
    """Declares a field of an `Options` class.

    Args:
        kind: what a value may be, see `psp_keras.option_kinds`.
        help: what it does, for `--help` and for people who read the declaration.
        default: its value when nothing is said; without one, it must be given.
        flag: its name on the command line; by default the field's, with dashes.
        positional: whether the command line knows it by its place.
        recorded: whether a run folder records it, and a resumed run must have the same.
    """
    metadata = {"kind": kind, "help": help, "flag": flag, "positional": positional, "recorded": recorded}
    return dataclasses.field(default=default, metadata=metadata)


class Options:
    """Base of the dataclasses whose fields are declared with `option`.

    Raises:
        UserError: a value is not allowed; the message names its field.

    Example:
        >>> from psp_keras.option_kinds import Whole
        >>> @dataclasses.dataclass(kw_only=True)
        ... class WalkOptions(Options):
        ...     steps: int = option(Whole(1), "how far to go", default=10)
        >>> WalkOptions(steps=0)
        Traceback (most recent call last):
        psp_keras.errors.UserError: `steps` must be a whole number of at least 1, got 0.
    """

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not None or field.default is not None:
                check_value(field.name, field.metadata["kind"].check, value)

    def as_dict(self):
        """Returns every option by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def recorded(self):
        """Returns what a run folder records, by name."""
        return {
            field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.metadata["recorded"]
        }


def check_value(name, check, value):
    """Returns `check(value)`; the reason of a `ValueError` becomes a `UserError` that names the argument."""
    try:
        return check(value)
    except UserError:
        raise
    except ValueError as error:
        raise UserError(f"`{name}` {error}.") from error
