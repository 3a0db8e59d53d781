"""A pSp model without psp_keras: the SavedModel that TF Serving loads, its client, ONNX and LiteRT."""

from psp_keras.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "client": "Client",
        "exporting": "export",
    },
)
