"""A pSp model without psp_keras: the SavedModel that TF Serving loads, its client, ONNX and LiteRT."""

from typing import TYPE_CHECKING

from psp_keras.lazy import lazy_exports

if TYPE_CHECKING:  # what editors see of the names below
    from psp_keras.serving.client import Client as Client
    from psp_keras.serving.exporting import export as export

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "client": "Client",
        "exporting": "export",
    },
)
