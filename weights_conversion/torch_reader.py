"""Reads PyTorch checkpoint files without PyTorch and without running anything in them.

A checkpoint is a pickle, and a pickle is a program. Here it may build plain values and tensors, and nothing else: any
other name in it is refused, and so is what claims to be larger than the file. Tensors are read from the file when they
are asked for, so that memory stays near the size of what is in use.
"""

import io
import math
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np

from weights_conversion.errors import CheckpointError
from weights_conversion.unpickler import Unpickler

_MAX_DIMENSIONS = 32  # of NumPy 1
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


class Tensor:
    """A tensor in a checkpoint; `read` fetches its values.

    Attributes:
        shape: its shape, in PyTorch's layout.
        dtype: its type in the file; bfloat16 is read as float32.
    """

    __slots__ = ("_offset", "_storage", "_strides", "shape")

    def __init__(self, storage, offset, shape, strides):
        sizes = (offset, *shape, *strides)
        plausible = all(isinstance(size, int) and size >= 0 for size in sizes)
        if not plausible or len(shape) != len(strides) or len(shape) > _MAX_DIMENSIONS:
            raise CheckpointError("a tensor has an impossible shape")
        last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides))
        count = math.prod(shape)
        if count > storage.size or (count and last >= storage.size):
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
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
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
        if max(member.file_size for member in archive.infolist()) > path.stat().st_size:
            raise CheckpointError("it unpacks to more than its own size, which no checkpoint does")
        program = archive.read(members["data.pkl"])

        def open_storage(dtype, key, size):
            name = members.get(f"data/{key}")
            storage = _Storage(dtype, size, lambda: _read_member(path, name))
            if name is None or archive.getinfo(name).file_size != storage.num_bytes:
                raise CheckpointError("a storage is missing or has the wrong size")
            return storage

        return _TorchUnpickler(io.BytesIO(program), open_storage).load()


def _read_member(path, name):
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


def _read_nvidia(path):
    with open(path, "rb") as file:
        return _NVIDIAUnpickler(file).load()


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
            Unpickler(file).load()
        content = _TorchUnpickler(file, open_storage).load()
        for key in Unpickler(file).load():
            (size,) = struct.unpack("<q", file.read(8))
            storage = storages.get(key) if isinstance(key, str) else None
            if storage is None or storage.size != size:
                raise CheckpointError("a storage is missing or has the wrong size")
            places[key] = (file.tell(), storage.num_bytes)
            if storage.num_bytes > end - file.tell():
                raise EOFError
            file.seek(storage.num_bytes, io.SEEK_CUR)
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
    if not isinstance(meta, dict) or not isinstance(meta.get("state"), dict):
        raise CheckpointError("a network in it has no state")
    return Module(meta["state"])


def _load_storage(data):
    return _read_legacy(lambda: io.BytesIO(data))


def _rebuild_tensor(storage, offset, shape, strides, *_):
    if not isinstance(storage, _Storage):
        raise CheckpointError("a tensor has no storage")
    return Tensor(storage, offset, shape, strides)


def _rebuild_parameter(tensor, *_):
    return tensor


def _size(sizes=()):
    return tuple(sizes)


_TENSORS = {
    **{("torch", name): dtype for name, dtype in _DTYPES.items()},
    ("torch", "Size"): _size,
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
}
# NVIDIA's pickles hold whole modules (`torch_utils.persistence`), each tensor with its own storage file inside.
_MODULES = {
    ("torch_utils.persistence", "_reconstruct_persistent_obj"): _rebuild_module,
    ("torch.storage", "_load_from_bytes"): _load_storage,
}


class _TorchUnpickler(Unpickler):
    """Builds tensors too; `open_storage(dtype, key, size)` finds the numbers of one."""

    def __init__(self, file, open_storage):
        super().__init__(file)
        self._open_storage = open_storage

    def find_class(self, module, name):
        return _TENSORS.get((module, name)) or super().find_class(module, name)

    def persistent_load(self, reference):
        kind, dtype, key, _, size, *view = reference
        plausible = isinstance(dtype, str) and isinstance(key, str) and isinstance(size, int) and size >= 0
        if kind != "storage" or dtype not in _DTYPES.values() or not plausible:
            raise CheckpointError("it refers to something that is not a storage")
        if view and view[0] is not None:
            raise CheckpointError("it holds a view of a storage from before PyTorch 0.4; save it again")
        return self._open_storage(dtype, key, size)


class _NVIDIAUnpickler(Unpickler):
    """Builds tensors and networks, whose storages are in the pickle itself."""

    def find_class(self, module, name):
        return {**_TENSORS, **_MODULES}.get((module, name)) or super().find_class(module, name)
