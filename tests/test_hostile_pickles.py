"""Pickles that ask for more than plain values, or for more than there is: one line each, soon, and in little memory."""

import pickle
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest

from weights_conversion.torch_reader import CheckpointError, read_checkpoint


def name(module, function):
    return f"c{module}\n{function}\n".encode()


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def huge(code, width="<Q", length=2**62):
    return code + struct.pack(width, length)


def dtype(arguments, state=b""):
    return name("numpy", "dtype") + arguments + b"R" + state


def scalar(kind, data, order="<"):
    """A NumPy scalar as NumPy pickles it."""
    state = b"(K\x03" + text(order) + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    value = dtype(text(kind) + b"\x89\x88\x87", state)
    return name("numpy._core.multiarray", "scalar") + value + b"C" + bytes([len(data)]) + data + b"\x86R"


def tensor(shape, strides):
    """A tensor that looks at the one number of storage 0."""
    return REBUILD + b"(" + STORAGE + b"K\x01tQK\x00" + shape + strides + b"tR"


STORAGE = b"(" + text("storage") + name("torch", "FloatStorage") + text("0") + text("cpu")
ORDERED = name("collections", "OrderedDict")
REBUILD = name("torch._utils", "_rebuild_tensor_v2")
DEEP_TUPLE = b")" + b"\x85" * 60_000
HOSTILE = {
    "object dtype": dtype(text("O8") + b"\x85"),
    "structured dtype": dtype(b"](" + text("a") + text("f8") + b"\x86e\x85"),
    "datetime dtype": dtype(text("M8") + b"\x85"),
    "dtype of a dtype": dtype(dtype(text("f8") + b"\x85") + b"\x85"),
    "dtype without arguments": dtype(b")"),
    "dtype with too much state": dtype(text("f8") + b"\x85", b"(K\x03" + text("<") + b"}}}tb"),
    "dtype with a dictionary for a state": dtype(text("f8") + b"\x85", b"}b"),
    "scalar of too few bytes": scalar("f8", b"1234"),
    "scalar of too many bytes": scalar("f4", bytes(8)),
    "scalar of an object": scalar("O8", bytes(8)),
    "scalar without a dtype": name("numpy.core.multiarray", "scalar") + text("f8") + b"C\x0812345678\x86R",
    "array": name("numpy.core.multiarray", "_reconstruct") + b")R",
    "state of a function": REBUILD + b"}" + text("__defaults__") + b")sb",
    "state of a class": name("argparse", "Namespace") + b"N}" + text("__eq__") + b"Ns\x86b",
    "slots of a namespace": name("argparse", "Namespace") + b")\x81N}" + text("a") + b"Ns\x86b",
    "encoding by code": name("_codecs", "encode") + text("a") + text("zip") + b"\x86R",
    "a name of many lines": text("os\nhello\x1b[2J") + text("system") + b"\x93",
    "memo": b"Nr" + struct.pack("<I", 2**31),
    "memo that nobody filled": huge(b"j", "<I", 2**31),
    "bytes": huge(b"B", "<I", 2**32 - 1),
    "long bytes": huge(b"\x8e"),
    "bytes past any size": huge(b"\x8e", length=2**64 - 1),
    "unicode": huge(b"\x8d"),
    "byte array": huge(b"\x96"),
    "integer": huge(b"\x8b", "<i", 2**31 - 1),
    "frame": huge(b"\x95"),
    "line": b"c" + b"a" * 10_000_000,
    "storage": STORAGE + b"\x8a\x08" + struct.pack("<q", 2**62) + b"tQ",
    "storage past any size": STORAGE + b"\x8a\xff" + b"\x7f" * 255 + b"tQ",
    "storage under a deep key": STORAGE.replace(text("0"), DEEP_TUPLE) + b"K\x01tQ",
    "tensor far larger than its storage": tensor(b"\x8a\x06" + b"\x7f" * 6 + b"\x85", b"K\x00\x85"),
    "tensor of a hundred dimensions": tensor(*2 * [b"(" + b"K\x01" * 100 + b"t"]),
    "deep list": b"]" * 1000 + b"a" * 999,
    "deep tuple": DEEP_TUPLE,
    "deep tuple as a key": b"}" + DEEP_TUPLE + b"Ns",
    "deep tuple in a set": b"\x8f(" + DEEP_TUPLE + b"\x90",
    "deep tuple as a key of an ordered dictionary": ORDERED + b"](" + DEEP_TUPLE + b"N\x86e\x85R",
    "list in itself": b"]q\x00h\x00a",
    "dictionary in itself": b"}q\x00" + text("a") + b"h\x00s",
    "billion laughs": b"]" + b"".join(b"q%c](h%ch%ce" % (i, i, i) for i in range(60)),
    "too many instructions": b"N0" * 300_000,
    "terminal codes in a key": b"}" + text("a\x1b[2J\n") + b"Ns",
    "items of a list": b"]K\x00Ns",
    "append to a namespace": name("argparse", "Namespace") + b")\x81Na",
    "old instructions": b"(iargparse\nNamespace\n",
}  # fmt: skip


@pytest.fixture
def write(tmp_path):
    def write_file(form, program):
        path = tmp_path / f"file.{form}"
        if form == "pkl":
            path.write_bytes(b"\x80\x04" + program + b".")
        else:
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("archive/data.pkl", b"\x80\x02" + program + b".")
                archive.writestr("archive/data/0", np.zeros(1, "float32").tobytes())
        return path

    return write_file


@pytest.mark.parametrize("form", ["pkl", "pt"])
@pytest.mark.parametrize("program", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_pickle_ends_in_one_line(form, program, write):
    path = write(form, program)
    tracemalloc.start()
    start = time.process_time()
    with pytest.raises(CheckpointError) as error:
        read_checkpoint(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert str(error.value).isprintable() and len(str(error.value)) < 400
    assert peak < 10 * path.stat().st_size + 100e6
    assert time.process_time() - start < 30


def test_nothing_of_a_refused_state_stays_behind(write):
    from argparse import Namespace

    for case in ("state of a function", "state of a class"):
        with pytest.raises(CheckpointError):
            read_checkpoint(write("pkl", HOSTILE[case]))
    assert Namespace(a=1) == Namespace(a=1)


def test_a_zip_file_that_unpacks_to_more_than_itself_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(10_000_000))
    with pytest.raises(CheckpointError, match="unpacks to more than its own size"):
        read_checkpoint(tmp_path / "bomb.pt")


@pytest.mark.parametrize("kind", ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", ">f4", ">i8"])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_scalars_of_numpy_become_numbers(kind, protocol, tmp_path):
    value = np.array(1.5 if "f" in kind else 1).astype(kind)[()]
    (tmp_path / "file.pkl").write_bytes(pickle.dumps({"gain": value}, protocol=protocol))
    number = read_checkpoint(tmp_path / "file.pkl")["gain"]
    assert type(number) in (bool, int, float) and number == value


def test_old_and_new_names_of_numpy_mean_the_same(write):
    for module in ("numpy._core.multiarray", "numpy.core.multiarray"):
        program = scalar("f8", struct.pack("<d", 2**0.5)).replace(b"numpy._core.multiarray", module.encode())
        assert read_checkpoint(write("pkl", program)) == 2**0.5
