"""What is done to latents: finding those of a picture by optimisation."""

from psp_keras.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "projection": "project_images",
    },
)
