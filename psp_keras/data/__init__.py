"""Pictures: files, folders, grids, and the procedural MiniFaces."""

from psp_keras.lazy import lazy_exports

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
