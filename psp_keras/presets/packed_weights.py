"""The weights file of a preset: smaller numbers than Keras writes, and without what another preset holds."""

import math
import shutil

import h5py
import numpy as np

from psp_keras.atomic_write import reserve
from psp_keras.presets.registry import WEIGHTS_FILE

_STEP = "step"  # attribute of an array that `_write_steps` wrote


def unpack(path, parts, target):
    """Returns a weights file as Keras reads it: parts of other presets in their place, steps as numbers."""
    if not parts and not _packed_arrays(path):
        return path
    shutil.copyfile(path, target)
    with h5py.File(target, "a") as file:
        for name, directory in parts.items():
            with h5py.File(directory / WEIGHTS_FILE) as part:
                part.copy(part["/"], file, name)
    packed = _packed_arrays(target)
    with h5py.File(target, "a") as file:
        for name in packed:
            value = file[name][()] * file[name].attrs[_STEP]
            del file[name]
            file.create_dataset(name, data=value)
    return target


def _packed_arrays(path):
    """Names of the arrays that are stored as steps."""
    packed = []
    with h5py.File(path) as file:
        file.visititems(lambda name, item: packed.append(name) if _STEP in item.attrs else None)
    return packed


def pack(path, target, dtype, leave_out):
    """Writes the float32 weights of an h5 file as `dtype`, without some groups; Keras casts back when it loads."""
    reserve(target, path.stat().st_size)
    with h5py.File(path) as old, h5py.File(target, "w") as new:

        def copy(name, item):
            if name.split("/")[0] in leave_out:
                return
            if isinstance(item, h5py.Group):
                written = new.require_group(name)
            elif dtype == "int8" and item.dtype == "float32" and item.ndim > 1:
                written = _write_steps(new, name, item[()])
            else:
                kind = "float16" if dtype == "int8" else dtype
                written = new.create_dataset(name, data=item[()].astype(kind) if item.dtype == "float32" else item[()])
            for key, attribute in item.attrs.items():
                written.attrs[key] = attribute

        old.visititems(copy)


def largest_size(weights):
    """Bytes that weights take in an h5 file at most: 4 a number, and what HDF5 adds to every array."""
    return sum(4 * math.prod(weight.shape) + 4096 for weight in weights)


def _write_steps(file, name, value):
    """Stores an array as whole steps from -127 to 127, of a size of its own for each output channel."""
    largest = np.abs(value).max(axis=tuple(range(value.ndim - 1)))
    step = np.maximum(largest, 1e-12).astype("float32") / 127
    target = file.create_dataset(name, data=np.round(value / step).astype("int8"))
    target.attrs[_STEP] = step
    return target
