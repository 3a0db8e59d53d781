"""A pSp model outside Python: the SavedModel that TF Serving loads."""

from psp_keras.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "client": "Client",
        "saved_model": "export",
    },
)
