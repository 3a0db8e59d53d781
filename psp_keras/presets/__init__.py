"""The registry and the small weights that ship."""

from psp_keras.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "registry": "find_preset list_presets",
    },
)
