"""Pictures: files, folders, grids, and the procedural MiniFaces."""

from typing import TYPE_CHECKING

from psp_keras.lazy import lazy_exports

if TYPE_CHECKING:  # what editors see of the names below
    from psp_keras.data.alignment import AlignedFace as AlignedFace
    from psp_keras.data.alignment import align_face as align_face
    from psp_keras.data.face_detection import Face as Face
    from psp_keras.data.face_detection import find_faces as find_faces
    from psp_keras.data.grids import image_grid as image_grid
    from psp_keras.data.grids import square_grid as square_grid
    from psp_keras.data.image_files import list_images as list_images
    from psp_keras.data.image_files import read_image as read_image
    from psp_keras.data.image_files import read_photo as read_photo
    from psp_keras.data.image_files import to_float as to_float
    from psp_keras.data.image_files import to_uint8 as to_uint8
    from psp_keras.data.image_files import write_image as write_image
    from psp_keras.data.image_source import ArraySource as ArraySource
    from psp_keras.data.image_source import FolderSource as FolderSource
    from psp_keras.data.image_source import open_source as open_source
    from psp_keras.data.image_source import training_batches as training_batches
    from psp_keras.data.inpainting_mask import InpaintingMask as InpaintingMask
    from psp_keras.data.low_resolution import LowResolution as LowResolution
    from psp_keras.data.mini_faces import FaceSample as FaceSample
    from psp_keras.data.mini_faces import MiniFaces as MiniFaces
    from psp_keras.data.photo import Photo as Photo
    from psp_keras.data.segmentation import Segmentation as Segmentation
    from psp_keras.data.sketch import Sketch as Sketch

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "image_files": "list_images read_image read_photo to_float to_uint8 write_image",
        "alignment": "AlignedFace align_face",
        "face_detection": "Face find_faces",
        "grids": "image_grid square_grid",
        "inpainting_mask": "InpaintingMask",
        "low_resolution": "LowResolution",
        "photo": "Photo",
        "segmentation": "Segmentation",
        "sketch": "Sketch",
        "image_source": "ArraySource FolderSource open_source training_batches",
        "mini_faces": "FaceSample MiniFaces",
    },
)
