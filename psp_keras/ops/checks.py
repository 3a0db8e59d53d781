"""Checks at the door of layers and models."""

from psp_keras.option_kinds import check_whole

_LARGEST_SIZE = 8192
MAX_WIDTH = 1024  # of a first stage; the last is eight times as wide


def check_shape(name, shape, expected):
    """Raises a `ValueError` that names the argument when `shape` does not fit.

    Args:
        name: the argument as the caller knows it, for the message.
        shape: the actual shape; unknown dimensions are `None`.
        expected: sizes, or a letter (such as `"N"`) where any size will do.

    Raises:
        ValueError: the rank or one of the numbered dimensions differs.
    """
    shape = tuple(shape)
    fits = len(shape) == len(expected) and all(
        isinstance(want, str) or have is None or have == want for have, want in zip(shape, expected)
    )
    if not fits:
        wanted = ", ".join(str(size) for size in expected)
        raise ValueError(f"`{name}` must have shape ({wanted}), got {shape}.")


def check_sizes(largest=_LARGEST_SIZE, **sizes):
    """Raises a `UserError` that names the argument when a size is no whole number from 1, or too large to be meant."""
    check_whole(1, largest, **sizes)
