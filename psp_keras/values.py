"""What kind of number a value is, and the line that a wrong one gets."""

import math
import numbers
import reprlib

from psp_keras.errors import UserError

LARGEST_SEED = 2**32 - 1


def is_whole(value, smallest, largest=math.inf):
    """Whether a value is a whole number in a range; `True` and `False` are none."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and smallest <= value <= largest


def is_number(value, smallest=-math.inf, largest=math.inf):
    """Whether a value is a finite number in a range; `True` and `False` are none."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value) and smallest <= value <= largest
    except OverflowError:  # a whole number beyond what a float holds
        return False


def check_whole(smallest, largest=math.inf, **values):
    """Raises a `UserError` that names the argument unless every value is a whole number in a range."""
    for name, value in values.items():
        if not is_whole(value, smallest, largest):
            end = "" if largest == math.inf else f" to {largest}"
            raise UserError(f"`{name}` must be a whole number from {smallest}{end}, got {reprlib.repr(value)}.")


def check_number(smallest, largest=math.inf, **values):
    """Raises a `UserError` that names the argument unless every value is a finite number in a range."""
    for name, value in values.items():
        if not is_number(value, smallest, largest):
            end = "" if largest == math.inf else f" to {largest}"
            raise UserError(f"`{name}` must be a finite number from {smallest}{end}, got {reprlib.repr(value)}.")


def check_above_zero(**values):
    """Raises a `UserError` that names the argument unless every value is a finite number above 0."""
    for name, value in values.items():
        if not is_number(value) or value <= 0:
            raise UserError(f"`{name}` must be a finite number above 0, got {reprlib.repr(value)}.")
