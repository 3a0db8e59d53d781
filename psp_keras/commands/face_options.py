import dataclasses

from psp_keras.data.face_choices import FACES
from psp_keras.option_kinds import Choice, InputPlace, Switch
from psp_keras.options import Options, option


@dataclasses.dataclass(kw_only=True)
class FaceOptions(Options):
    """What commands that translate photos can do with the faces in them."""

    align: bool = option(Switch(), "cut the faces out of photos, as published networks want them", False)
    faces: str = option(Choice(*FACES), "which faces of a photo, with --align", "largest")
    landmarks: str | None = option(
        InputPlace(), "JSON file of known landmarks, with --align; see psp-keras align", None
    )
    paste_back: bool = option(Switch(), "put the outputs back into the photos, with --align", False)
