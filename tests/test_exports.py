"""What the packages export: on first use when they run, as plain imports for editors; and the hints of it."""

import ast
import importlib
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def packages():
    """Packages with lazy exports."""
    files = sorted(path for path in (ROOT / "psp_keras").rglob("__init__.py") if "lazy_exports" in path.read_text())
    return [".".join(path.parent.relative_to(ROOT).parts) for path in files]


def shown(package):
    """`(module, name, name it gets)` of what an `__init__.py` imports where `TYPE_CHECKING` holds."""
    tree = ast.parse((ROOT / package.replace(".", "/") / "__init__.py").read_text())
    blocks = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    imports = [node for block in blocks for node in block.body]
    return [(node.module, alias.name, alias.asname) for node in imports for alias in node.names]


@pytest.mark.parametrize("package", packages())
def test_editors_see_what_is_exported(package):
    module = importlib.import_module(package)
    assert sorted(name for _, _, name in shown(package)) == module.__all__
    for source, name, shown_as in shown(package):
        assert shown_as == name  # only `X as X` counts as an export
        assert getattr(module, name) is getattr(importlib.import_module(source), name)


def test_hints_are_shipped():
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["psp_keras"]
    assert "py.typed" in shipped and (ROOT / "psp_keras" / "py.typed").is_file()
