"""NumPy's scalars as pickles hold them: by value, as plain Python numbers."""

import numpy as np

from weights_conversion.errors import CheckpointError

_NUMBERS = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")


class NumberType:
    """What a `numpy.dtype` of plain numbers says about the bytes of a scalar; every other dtype is refused."""

    def __init__(self, name, *_):
        if not isinstance(name, str) or name not in _NUMBERS:
            raise CheckpointError("it holds a NumPy dtype that is no plain number")
        self._name = name
        self._order = "|"

    def set_state(self, state):
        """Takes the byte order from what NumPy stores beside the name, which for numbers holds nothing else."""
        orders = [order for order in "<>|" if state == (3, order, None, None, None, -1, -1, 0)]
        if not orders:
            raise CheckpointError("it holds a NumPy dtype that is no plain number")
        self._order = orders[0]

    def decode(self, data):
        dtype = np.dtype(self._order + self._name)
        if not isinstance(data, bytes) or len(data) != dtype.itemsize:
            raise CheckpointError("it holds a NumPy scalar whose bytes do not fit its type")
        return np.frombuffer(data, dtype)[0].item()


def scalar(dtype, data):
    """Stands in for `numpy.core.multiarray.scalar`."""
    if not isinstance(dtype, NumberType):
        raise CheckpointError("it holds a NumPy scalar without a type")
    return dtype.decode(data)


def latin1_bytes(text, encoding):
    """Stands in for `_codecs.encode`, by which pickles before protocol 3 hold bytes."""
    if not isinstance(text, str) or encoding != "latin1":
        raise CheckpointError("it asks for an encoding other than latin1")
    return text.encode("latin1")
