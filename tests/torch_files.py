"""Writes checkpoints as PyTorch and NVIDIA's code do, without either, for the tests of the reader."""

import collections
import io
import pickle
import struct
import sys
import types
import zipfile

import numpy as np

_STORAGES = {"float32": "FloatStorage", "int64": "LongStorage"}


class FakeModules:
    """Names that a pickle can point at: `torch` and friends, as far as a checkpoint mentions them."""

    def __init__(self, monkeypatch):
        for name in ("torch", "torch._utils", "torch.storage", "torch_utils", "torch_utils.persistence"):
            monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
        for storage in _STORAGES.values():
            setattr(sys.modules["torch"], storage, type(storage, (), {"__module__": "torch"}))
        self.rebuild_tensor = self._function("torch._utils", "_rebuild_tensor_v2")
        self.load_storage = self._function("torch.storage", "_load_from_bytes")
        self.rebuild_module = self._function("torch_utils.persistence", "_reconstruct_persistent_obj")

    @staticmethod
    def _function(module, name):
        def function(*_):
            raise AssertionError("only its name is needed")

        function.__module__, function.__name__, function.__qualname__ = module, name, name
        setattr(sys.modules[module], name, function)
        return function


class _Pickler(pickle.Pickler):
    """Turns arrays into tensors; `store` says how a storage is written."""

    def __init__(self, file, modules, store, protocol):
        super().__init__(file, protocol)
        self._modules = modules
        self._store = store

    def reducer_override(self, obj):
        if isinstance(obj, np.ndarray):
            shape = obj.shape
            strides = tuple(stride // obj.itemsize for stride in np.ascontiguousarray(obj).strides[: len(shape)])
            arguments = (self._store(obj), 0, shape, strides, False, collections.OrderedDict())
            return self._modules.rebuild_tensor, arguments
        if isinstance(obj, _StorageBytes):
            return self._modules.load_storage, (obj.data,)
        if isinstance(obj, FakeModule):
            meta = {"type": "class", "module_src": "raise SystemExit", "state": obj.state}
            return self._modules.rebuild_module, (meta,)
        return NotImplemented

    def persistent_id(self, obj):
        if isinstance(obj, _StorageReference):
            storage = getattr(sys.modules["torch"], _STORAGES[obj.array.dtype.name])
            return ("storage", storage, obj.key, "cpu", obj.array.size, *obj.extra)
        return None


class _StorageReference:
    def __init__(self, array, key, extra=()):
        self.array = array
        self.key = key
        self.extra = extra


class _StorageBytes:
    def __init__(self, data):
        self.data = data


class FakeModule:
    """A network as `torch_utils.persistence` pickles it."""

    def __init__(self, parameters=(), parts=(), **attributes):
        self.state = {"_parameters": dict(parameters), "_buffers": {}, "_modules": dict(parts), **attributes}


def write_zip(path, content, modules):
    """Writes `content` (arrays for tensors) in PyTorch's zip format."""
    arrays, program = [], io.BytesIO()

    def store(array):
        arrays.append(array)
        return _StorageReference(array, str(len(arrays) - 1))

    _Pickler(program, modules, store, protocol=2).dump(content)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", program.getvalue())
        archive.writestr("archive/byteorder", "little")
        for i, array in enumerate(arrays):
            archive.writestr(f"archive/data/{i}", array.tobytes())


def write_nvidia(path, content, modules):
    """Writes `content` as NVIDIA's code pickles networks: every tensor brings its storage as a file of its own."""

    def store(array):
        file = io.BytesIO()
        for header in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
            pickle.dump(header, file, protocol=2)
        _Pickler(file, modules, None, protocol=2).dump(_StorageReference(array, "7", extra=(None,)))
        pickle.dump(["7"], file, protocol=2)
        file.write(struct.pack("<q", array.size) + array.tobytes())
        return _StorageBytes(file.getvalue())

    with open(path, "wb") as file:
        _Pickler(file, modules, store, protocol=4).dump(content)


def published_discriminator(state):
    """A discriminator of NVIDIA's, 32 pixels, under the names that stylegan2-pytorch gives the same network."""
    taps = np.outer([1, 3, 3, 1], [1, 3, 3, 1]).astype("float32") / 64
    names = {
        "b32.fromrgb.weight": "convs.0.0.weight",
        "b32.fromrgb.bias": "convs.0.1.bias",
        "b4.conv.weight": "final_conv.0.weight",
        "b4.conv.bias": "final_conv.1.bias",
        "b4.fc.weight": "final_linear.0.weight",
        "b4.fc.bias": "final_linear.0.bias",
        "b4.out.weight": "final_linear.1.weight",
        "b4.out.bias": "final_linear.1.bias",
    }
    filters = {}
    for i, size in enumerate((32, 16, 8), 1):
        names |= {
            f"b{size}.conv0.weight": f"convs.{i}.conv1.0.weight",
            f"b{size}.conv0.bias": f"convs.{i}.conv1.1.bias",
            f"b{size}.conv1.weight": f"convs.{i}.conv2.1.weight",
            f"b{size}.conv1.bias": f"convs.{i}.conv2.2.bias",
            f"b{size}.skip.weight": f"convs.{i}.skip.1.weight",
        }
        filters |= {f"convs.{i}.conv2.0.kernel": taps, f"convs.{i}.skip.0.kernel": taps}
    return {new: state[old].read() for old, new in names.items()} | filters
