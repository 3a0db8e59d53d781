"""Packages whose public names load their module on first use, so that importing psp_keras costs nothing."""

import importlib


def lazy_exports(package, exports):
    """Returns `(__getattr__, __dir__, __all__)` for the `__init__.py` of `package`.

    Args:
        package: full name of the package.
        exports: module (below the package) to the names it provides.
    """
    modules = {name: module for module, names in exports.items() for name in names.split()}

    def load(name):
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(f"{package}.{modules[name]}")
        return module if name == modules[name] else getattr(module, name)

    return load, lambda: sorted(modules), sorted(modules)
