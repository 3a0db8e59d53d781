"""MiniFaces: an endless procedural world of faces whose truth is known."""

from psp_keras.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "mini_faces": "FaceSample MiniFaces",
        "names": "MINI_FACES",
        "folders": "write_mini_faces",
    },
)
