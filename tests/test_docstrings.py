"""Every example in a docstring runs and prints what it says."""

import doctest
import importlib
import pkgutil
import re

import keras
import numpy as np
import pytest

import psp_keras
from psp_keras.data import MiniFaces, to_float

# Backends print shapes in their own way: TensorShape([2, 8]), torch.Size([2, 8]), (2, 8).
_SHAPE = re.compile(r"(?:TensorShape|torch\.Size)\(\[([\d, ]*)\]\)")


class _Checker(doctest.OutputChecker):
    """Compares shapes whatever the backend calls them."""

    def check_output(self, want, got, flags):
        return super().check_output(self._plain(want), self._plain(got), flags)

    @staticmethod
    def _plain(text):
        return _SHAPE.sub(lambda match: str(tuple(map(int, re.findall(r"\d+", match[1])))), text)


def modules():
    names = [info.name for info in pkgutil.walk_packages(psp_keras.__path__, "psp_keras.")]
    return [name for name in names if not name.endswith("__main__") and ".grpc_transport" not in name]


def examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    for name in modules():
        module = importlib.import_module(name)
        yield from (test for test in finder.find(module, name) if test.examples and test.globs["__name__"] == name)


@pytest.fixture(scope="session")
def names():
    """What the examples may take for granted."""
    images = to_float(MiniFaces(split="test").images(range(8)))
    return {"np": np, "keras": keras, "psp_keras": psp_keras, "images": images}


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_the_example_of(example, names, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    example.globs.update(names)
    runner = doctest.DocTestRunner(_Checker(), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    lines = []
    assert runner.run(example, out=lines.append).failed == 0, "".join(lines)
