"""What is done to latents: finding those of a picture by optimisation."""

from typing import TYPE_CHECKING

from psp_keras.lazy import lazy_exports

if TYPE_CHECKING:  # what editors see of the names below
    from psp_keras.editing.projection import project_images as project_images

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "projection": "project_images",
    },
)
