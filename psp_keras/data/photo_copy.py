"""Writes a changed photo as the camera wrote the photo: its format, quality, EXIF and colour profile."""

import numpy as np
from PIL import Image, ImageOps, JpegImagePlugin

from psp_keras.data.image_files import open_picture, write_image

_WITH_ALPHA = (".png", ".webp", ".tif", ".tiff")
_QUALITY = 95  # where the photo does not tell its own


def write_like(photo, target, pixels):
    """Writes what became of a photo.

    Args:
        photo: its file.
        target: the file to write; its ending decides the format.
        pixels: uint8 `(H, W, 3)`, as large as `read_photo(photo)`.

    Raises:
        UserError: the photo cannot be read, or the target not written.
    """
    with open_picture(photo) as original:
        upright = ImageOps.exif_transpose(original)  # its EXIF no longer says that it is turned
        picture = Image.fromarray(np.asarray(pixels))
        if upright.has_transparency_data and target.suffix.lower() in _WITH_ALPHA:
            picture.putalpha(upright.convert("RGBA").getchannel("A"))
        options = _encoding(original)
    if upright.info.get("exif"):
        options["exif"] = upright.info["exif"]
    if original.mode in ("RGB", "RGBA"):  # a profile of other colours does not fit what is written
        options["icc_profile"] = upright.info.get("icc_profile")
    write_image(target, picture, options)


def _encoding(original):
    """What makes a file as good as the original."""
    if not isinstance(original, JpegImagePlugin.JpegImageFile) or original.mode not in ("RGB", "L"):
        return {"quality": _QUALITY}
    options = {"qtables": original.quantization, "progressive": "progressive" in original.info}
    sampling = JpegImagePlugin.get_sampling(original)
    return options if sampling < 0 else {**options, "subsampling": sampling}
