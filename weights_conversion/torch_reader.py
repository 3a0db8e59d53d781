"""Reads PyTorch checkpoint files without PyTorch and without running anything in them.

A checkpoint is a pickle, and a pickle is a program. Here it may build containers, namespaces and tensors, and nothing
else: any other name in it is refused. Tensors are read from the file when they are asked for, so that memory stays
near the size of what is in use.
"""

import argparse
import collections
import io
import math
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np

from psp_keras.errors import UserError

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_START = pickle.dumps(_LEGACY_MAGIC, protocol=2)[:12]
_DTYPES = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}
_STORED_AS = {"bfloat16": "uint16"}


class CheckpointError(UserError):
    """A checkpoint that cannot be read, and why."""


class Tensor:
    """A tensor in a checkpoint; `read` fetches its values.

    Attributes:
        shape: its shape, in PyTorch's layout.
        dtype: its type in the file; bfloat16 is read as float32.
    """

    __slots__ = ("_offset", "_storage", "_strides", "shape")

    def __init__(self, storage, offset, shape, strides):
        sizes = (offset, *shape, *strides)
        if not all(isinstance(size, int) and size >= 0 for size in sizes) or len(shape) != len(strides):
            raise CheckpointError(f"a tensor has the impossible shape {shape} with strides {strides}")
        last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides))
        if math.prod(shape) and last >= storage.size:
            raise CheckpointError(f"a tensor of shape {shape} reaches past the end of its storage")
        self._storage = storage
        self._offset = offset
        self._strides = tuple(strides)
        self.shape = tuple(shape)

    @property
    def dtype(self):
        return self._storage.dtype

    def read(self):
        """Returns the values as a new array."""
        if not math.prod(self.shape):
            return np.zeros(self.shape, "float32" if self.dtype == "bfloat16" else self.dtype)
        values = self._storage.read()
        strides = [stride * values.itemsize for stride in self._strides]
        return np.lib.stride_tricks.as_strided(values[self._offset :], self.shape, strides, writeable=False).copy()

    def __setstate__(self, state):
        raise CheckpointError("it tries to change a tensor after building it")


class _Storage:
    """A run of numbers in the file that one or several tensors look at."""

    def __init__(self, dtype, size, read_bytes):
        self.dtype = dtype
        self.size = size
        self._read_bytes = read_bytes

    def read(self):
        values = np.frombuffer(self._read_bytes(), _STORED_AS.get(self.dtype, self.dtype), count=self.size)
        if self.dtype == "bfloat16":
            return (values.astype("uint32") << 16).view("float32")
        return values

    @property
    def num_bytes(self):
        return self.size * np.dtype(_STORED_AS.get(self.dtype, self.dtype)).itemsize


def read_checkpoint(path):
    """Reads a checkpoint: PyTorch's zip format, the format before 1.6, or a network pickle of NVIDIA's (`.pkl`).

    Args:
        path: the file.

    Returns:
        What was saved: dictionaries, lists, `argparse.Namespace`, numbers and strings, with `Tensor` for tensors and
        `Module` for NVIDIA's networks.

    Raises:
        CheckpointError: the file is missing, cut short, no checkpoint, or holds something that is refused.
    """
    path = Path(path)
    try:
        with open(path, "rb") as file:
            start = file.read(64)
        if start.startswith(b"PK"):
            return _read_zip(path)
        if start.startswith(_LEGACY_START):
            return _read_legacy(lambda: open(path, "rb"))
        if start.startswith(b"\x80") and path.suffix == ".pkl":
            return _read_nvidia(path)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}.") from error
    except (zipfile.BadZipFile, EOFError, pickle.UnpicklingError, struct.error) as error:
        raise CheckpointError(f"{path} is cut short or damaged: download it again.") from error
    except OSError as error:
        raise CheckpointError(f"Cannot read {path}: {error.strerror}.") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise CheckpointError(f"{path} is not a sound checkpoint: {error}.") from error
    if start.lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise CheckpointError(
            f"{path} is a web page, not a checkpoint: the download stopped at Google Drive's warning. "
            "Open the link in a browser and confirm the download."
        )
    raise CheckpointError(f"{path} is not a PyTorch checkpoint.")


def _read_zip(path):
    with zipfile.ZipFile(path) as archive:
        members = {name.split("/", 1)[-1]: name for name in archive.namelist()}
        if "data.pkl" not in members:
            raise CheckpointError("it is a zip file, but not a PyTorch checkpoint (no data.pkl)")
        if "byteorder" in members and archive.read(members["byteorder"]) != b"little":
            raise CheckpointError("its numbers are big-endian, which is not supported")
        program = archive.read(members["data.pkl"])

        def open_storage(dtype, key, size):
            name = members.get(f"data/{key}")
            storage = _Storage(dtype, size, lambda: _read_member(path, name))
            if name is None or archive.getinfo(name).file_size != storage.num_bytes:
                raise CheckpointError(f"storage {key} is missing or has the wrong size")
            return storage

        return _Unpickler(io.BytesIO(program), open_storage).load()


def _read_member(path, name):
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


def _read_nvidia(path):
    with open(path, "rb") as file:
        return _Unpickler(file, None, _ALLOWED_NVIDIA).load()


def _read_legacy(open_file):
    """Reads the format before 1.6; `open_file` opens it anew each time values are asked for."""
    places, storages = {}, {}

    def open_storage(dtype, key, size):
        if key not in storages:
            storages[key] = _Storage(dtype, size, lambda: _read_span(open_file, *places[key]))
        return storages[key]

    with open_file() as file:
        end = file.seek(0, io.SEEK_END)
        file.seek(0)
        for _ in range(3):  # magic number, protocol, system information
            _Unpickler(file, None).load()
        content = _Unpickler(file, open_storage).load()
        for key in _Unpickler(file, None).load():
            (size,) = struct.unpack("<q", file.read(8))
            storage = storages.get(key)
            if storage is None or storage.size != size:
                raise CheckpointError(f"storage {key} is missing or has the wrong size")
            places[key] = (file.tell(), storage.num_bytes)
            if file.seek(storage.num_bytes, io.SEEK_CUR) > end:
                raise EOFError
    if storages.keys() - places.keys():
        raise EOFError
    return content


def _read_span(open_file, start, length):
    with open_file() as file:
        file.seek(start)
        return file.read(length)


class Module(dict):
    """A network in a pickle of NVIDIA's: its attributes, parameters, buffers and parts, without its code."""

    def state_dict(self):
        """Returns key to `Tensor` for this module and its parts, keys as PyTorch writes them."""
        state = {name: value for kind in ("_parameters", "_buffers") for name, value in self[kind].items()}
        for part, module in self["_modules"].items():
            state.update({f"{part}.{name}": value for name, value in module.state_dict().items()})
        return {name: value for name, value in state.items() if value is not None}


def _rebuild_module(meta):
    """Keeps the state of a persistent object; the source code that travels with it is not looked at."""
    return Module(meta["state"])


def _load_storage(data):
    return _read_legacy(lambda: io.BytesIO(data))


class _Unpickler(pickle.Unpickler):
    """Builds containers and tensors; refuses every other name."""

    def __init__(self, file, open_storage, allowed=None):
        super().__init__(file, encoding="utf-8")
        self._open_storage = open_storage
        self._allowed = allowed or _ALLOWED

    def find_class(self, module, name):
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        if (module, name) in self._allowed:
            return self._allowed[module, name]
        raise CheckpointError(f"it asks for {module}.{name}, which a checkpoint has no need of; nothing in it was run")

    def persistent_load(self, reference):
        kind, dtype, key, _, size, *view = reference
        if kind != "storage" or dtype not in _DTYPES.values() or not isinstance(size, int) or size < 0:
            raise CheckpointError("it refers to something that is not a storage")
        if view and view[0] is not None:
            raise CheckpointError("it holds a view of a storage from before PyTorch 0.4; save it again")
        return self._open_storage(dtype, key, size)


def _rebuild_tensor(storage, offset, shape, strides, *_):
    if not isinstance(storage, _Storage):
        raise CheckpointError("a tensor has no storage")
    return Tensor(storage, offset, shape, strides)


def _rebuild_parameter(tensor, *_):
    return tensor


_ALLOWED = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("argparse", "Namespace"): argparse.Namespace,
    ("torch", "Size"): tuple,
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
}

# NVIDIA's pickles hold whole modules (`torch_utils.persistence`), each tensor with its own storage file inside.
_ALLOWED_NVIDIA = {
    **_ALLOWED,
    ("torch_utils.persistence", "_reconstruct_persistent_obj"): _rebuild_module,
    ("torch.storage", "_load_from_bytes"): _load_storage,
    ("dnnlib.util", "EasyDict"): dict,
    ("builtins", "set"): set,
}
