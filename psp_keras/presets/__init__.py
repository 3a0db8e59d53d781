"""The registry and the small weights that ship."""

from typing import TYPE_CHECKING

from psp_keras.lazy import lazy_exports

if TYPE_CHECKING:  # what editors see of the names below
    from psp_keras.presets.registry import find_preset as find_preset
    from psp_keras.presets.registry import list_presets as list_presets

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "registry": "find_preset list_presets",
    },
)
