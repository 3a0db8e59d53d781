"""The rooms of the README: who may use whom."""

import ast
import graphlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "psp_keras"


def rooms():
    """The rooms in the order of the README, in which each may use those above it."""
    listing = (ROOT / "README.md").read_text().split("## What is where")[1]
    return re.findall(r"^      (\w+)/ ", listing, re.MULTILINE)


def room(module):
    """The room of a module, or "" for the files beside the rooms, which every room may use."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and (PACKAGE / parts[1]).is_dir() else ""


def imports(path):
    """`(module, name)` of everything of psp_keras that a file imports, at its top or later."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "psp_keras":
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.split(".")[0] == "psp_keras")


def files():
    return sorted(path for path in PACKAGE.rglob("*.py") if path.name not in ("__init__.py", "__main__.py", "cli.py"))


def test_the_readme_names_every_room():
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert set(rooms()) == folders


def test_arrows_point_up_the_list():
    order = {"": -1, **{name: number for number, name in enumerate(rooms())}}
    wrong = []
    for path in files():
        here = room(f"psp_keras.{path.relative_to(PACKAGE).as_posix().removesuffix('.py').replace('/', '.')}")
        for module, name in imports(path):
            there = room(f"{module}.{name}" if module == "psp_keras" else module)
            if order[there] > order[here]:
                wrong.append(f"{path.relative_to(ROOT)}: {module}")
    assert not wrong


def test_no_file_needs_itself():
    """Also not by way of others, wherever in them the imports stand."""
    names = {path: path.relative_to(ROOT).as_posix().removesuffix(".py").replace("/", ".") for path in files()}
    graph = {}
    for path, name in names.items():
        used = {choice for module, part in imports(path) for choice in (module, f"{module}.{part}")}
        graph[name] = used & set(names.values())
    graphlib.TopologicalSorter(graph).prepare()  # raises a CycleError that names the circle


def test_nothing_private_crosses_a_room():
    wrong = []
    for path in [*files(), *(ROOT / "weights_conversion").glob("*.py")]:
        here = path.parent.relative_to(ROOT).as_posix().split("/")[:2]
        for module, name in imports(path):
            private = name.startswith("_") and not name.startswith("__")
            if private and module.split(".")[:2] != here:
                wrong.append(f"{path.relative_to(ROOT)}: {module}.{name}")
    assert not wrong


@pytest.mark.parametrize("name", ["ops", "layers", "models", "losses", "optimizers", "editing"])
def test_networks_do_not_need_tensorflow(name):
    """TensorFlow may be imported inside a function there, never when the module is."""
    for path in (PACKAGE / name).glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] == "tensorflow" for name in names), path
