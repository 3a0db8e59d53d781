"""Ranger."""

from typing import TYPE_CHECKING

from psp_keras.lazy import lazy_exports

if TYPE_CHECKING:  # what editors see of the names below
    from psp_keras.optimizers.ranger import Ranger as Ranger

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "ranger": "Ranger",
    },
)
