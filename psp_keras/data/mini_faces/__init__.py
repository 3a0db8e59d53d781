"""MiniFaces: an endless procedural world of faces whose truth is known."""

from typing import TYPE_CHECKING

from psp_keras.lazy import lazy_exports

if TYPE_CHECKING:  # what editors see of the names below
    from psp_keras.data.mini_faces.face_noise import attributes_of_noise as attributes_of_noise
    from psp_keras.data.mini_faces.folders import write_mini_faces as write_mini_faces
    from psp_keras.data.mini_faces.mini_faces import FaceSample as FaceSample
    from psp_keras.data.mini_faces.mini_faces import MiniFaces as MiniFaces
    from psp_keras.data.mini_faces.names import MINI_FACES as MINI_FACES

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "face_noise": "attributes_of_noise",
        "mini_faces": "FaceSample MiniFaces",
        "names": "MINI_FACES",
        "folders": "write_mini_faces",
    },
)
