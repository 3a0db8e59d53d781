"""What kind of number a value is."""

import math
import numbers

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
