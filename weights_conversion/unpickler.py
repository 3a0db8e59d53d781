"""A pickle is a program; this machine runs as much of it as builds plain values, and refuses the rest."""

import argparse
import collections
import io
import pickle
import pickletools
import struct

from weights_conversion.errors import CheckpointError
from weights_conversion.numpy_scalars import NumberType, latin1_bytes, scalar

# A training checkpoint of StyleGAN2 at 1024, optimizers and all, takes some 60,000 reads, and holds 2,000 values.
_MAX_READS = 500_000
_MAX_VALUES = 200_000
_MAX_DEPTH = 100
_MAX_LINE = 256
_KEYS = (str, int, float, bytes, type(None))


class Unpickler(pickle._Unpickler):
    """Builds numbers, strings, containers and namespaces; subclasses say what else.

    It stands on the standard library's machine in Python: the one in C takes memory for any memo index and any length
    that a file claims, and a tuple deep enough, as a key, ends the whole process there.

    Args:
        file: where the pickle starts, seekable.
    """

    def __init__(self, file):
        self._program = _Program(file)
        super().__init__(self._program, encoding="utf-8")

    def load(self):
        """Returns what the pickle builds, and leaves the file behind its end.

        Raises:
            CheckpointError: it asks for more than plain values, or is nested without bounds.
            EOFError: it is cut short.
        """
        content = super().load()
        _check_nesting(content)
        return content

    def find_class(self, module, name):
        if (module, name) in _CONSTRUCTORS:
            return _CONSTRUCTORS[module, name]
        name = ascii(f"{module}.{name}"[:100])[1:-1]  # one line, whatever the file calls it
        raise CheckpointError(f"it asks for {name}, which a checkpoint has no need of; nothing in it was run")

    def _load_frame(self):
        self._program.check_length(struct.unpack("<Q", self.read(8))[0])  # frames only help to read ahead

    def _load_long_binput(self):
        (index,) = struct.unpack("<I", self.read(4))
        if index > self._program.reads:
            raise CheckpointError("its pickle remembers more values than it holds")
        self.memo[index] = self.stack[-1]

    def _load_setitem(self):
        value, key = self.stack.pop(), self.stack.pop()
        self._set_items([key, value])

    def _load_setitems(self):
        self._set_items(self.pop_mark())

    def _set_items(self, items):
        _update(self.stack[-1], zip(items[::2], items[1::2], strict=True))

    def _load_append(self):
        self._extend([self.stack.pop()])

    def _load_appends(self):
        self._extend(self.pop_mark())

    def _extend(self, items):
        if type(self.stack[-1]) is not list:
            raise CheckpointError("it appends to something that is no list")
        self.stack[-1].extend(items)

    def _load_additems(self):
        items = self.pop_mark()
        if type(self.stack[-1]) is not set:
            raise CheckpointError("it adds to something that is no set")
        self.stack[-1].update(map(_checked_key, items))

    def _load_build(self):
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, NumberType):
            target.set_state(state)
        elif type(target) in (argparse.Namespace, collections.OrderedDict) and type(state) is dict:
            _update(vars(target), state.items())
        else:
            raise CheckpointError("it tries to change something after building it")

    def _refuse(self):
        raise CheckpointError("it holds a pickle instruction that a checkpoint has no need of; nothing in it was run")


class _Program:
    """The bytes of a pickle. What claims to be longer than the rest of the file is not read at all."""

    def __init__(self, file):
        self._file = file
        start = file.tell()
        self._left = file.seek(0, io.SEEK_END) - start
        self.reads = 0
        file.seek(start)

    def check_length(self, length):
        if length > self._left:
            raise EOFError

    def read(self, length):
        self.check_length(length)
        self._count(length)
        return self._file.read(length)

    def readline(self):
        line = self._file.readline(_MAX_LINE)
        if not line.endswith(b"\n"):
            raise EOFError
        self._count(len(line))
        return line

    def _count(self, length):
        self._left -= length
        self.reads += 1
        if self.reads > _MAX_READS:
            raise CheckpointError("its pickle is far longer than any published checkpoint's")


def _checked_key(key):
    if not isinstance(key, _KEYS):
        raise CheckpointError(f"it uses a {type(key).__name__} as a key")
    if isinstance(key, str) and not key.isprintable():  # messages and --describe print keys
        raise CheckpointError(f"it uses {key[:100]!a} as a key")
    return key


def _update(target, pairs):
    if not isinstance(target, dict):
        raise CheckpointError("it sets items of something that is no dictionary")
    for key, value in pairs:
        target[_checked_key(key)] = value


def _check_nesting(content):
    """Makes sure that walking through the content, or printing it, ends: no cycles, nothing shared without bounds."""
    values, seen = [(content, 0)], 0
    while values:
        value, depth = values.pop()
        if isinstance(value, dict):
            inside = value.values()
        elif isinstance(value, argparse.Namespace):
            inside = vars(value).values()
        elif isinstance(value, (list, tuple)):
            inside = value
        else:
            continue
        seen += len(inside)
        if depth > _MAX_DEPTH or seen > _MAX_VALUES:
            raise CheckpointError("its values are nested without bounds")
        values.extend((item, depth + 1) for item in inside)


def _dictionary(pairs=()):
    return _filled({}, pairs)


def _ordered_dictionary(pairs=()):
    return _filled(collections.OrderedDict(), pairs)


def _filled(target, pairs):
    _update(target, pairs.items() if isinstance(pairs, dict) else pairs)
    return target


def _set(items=()):
    return set(map(_checked_key, items))


def _namespace():
    return argparse.Namespace()


_CONSTRUCTORS = {
    ("collections", "OrderedDict"): _ordered_dictionary,
    ("argparse", "Namespace"): _namespace,
    ("builtins", "set"): _set,
    ("__builtin__", "set"): _set,
    ("dnnlib.util", "EasyDict"): _dictionary,
    ("numpy", "dtype"): NumberType,
    ("numpy.core.multiarray", "scalar"): scalar,
    ("numpy._core.multiarray", "scalar"): scalar,
    ("_codecs", "encode"): latin1_bytes,
}

# Instructions that are run as the standard library does. They read, push, pop, and build immutable values.
_PLAIN = {
    "PROTO", "STOP", "MARK", "POP", "POP_MARK", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2",
    "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING", "BINBYTES",
    "SHORT_BINBYTES", "BINBYTES8", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST", "EMPTY_DICT",
    "EMPTY_SET", "BINGET", "LONG_BINGET", "BINPUT", "MEMOIZE", "GLOBAL", "STACK_GLOBAL", "REDUCE", "BINPERSID",
}  # fmt: skip
_OWN = {
    "FRAME": Unpickler._load_frame,
    "LONG_BINPUT": Unpickler._load_long_binput,
    "SETITEM": Unpickler._load_setitem,
    "SETITEMS": Unpickler._load_setitems,
    "APPEND": Unpickler._load_append,
    "APPENDS": Unpickler._load_appends,
    "ADDITEMS": Unpickler._load_additems,
    "BUILD": Unpickler._load_build,
    # Constructors are functions here, so that making an object is calling one.
    "NEWOBJ": pickle._Unpickler.load_reduce,
}


def _dispatch():
    dispatch = dict.fromkeys(range(256), Unpickler._refuse)
    for instruction in pickletools.opcodes:
        code = ord(instruction.code)
        if instruction.name in _PLAIN:
            dispatch[code] = pickle._Unpickler.dispatch[code]
        elif instruction.name in _OWN:
            dispatch[code] = _OWN[instruction.name]
    return dispatch


Unpickler.dispatch = _dispatch()
