import dataclasses

from psp_keras.command_line import Command
from psp_keras.data.face_choices import FACES
from psp_keras.option_kinds import Choice, InputPlace, Inputs, OutputFolder, Switch, Whole
from psp_keras.options import option


@dataclasses.dataclass(kw_only=True)
class Align(Command):
    """Cuts the faces out of photos, as FFHQ does and published networks want them."""

    inputs: list = option(Inputs(), "photos and folders of photos", positional=True)
    output: str = option(OutputFolder(), "folder for the PNG files")
    size: int = option(Whole(16, 4096), "pixels of the crops: 256 for an encoder, 1024 to train a generator", 256)
    landmarks: str | None = option(
        InputPlace(), "JSON file of known landmarks, 5 points or dlib's 68 a face; searches faces without it", None
    )
    faces: str = option(Choice(*FACES), "which faces of a photo", "largest")
    save_landmarks: bool = option(Switch(), "write landmarks.json, for --landmarks, too", False)

    def run(self, leave_out):
        from psp_keras.commands.align_photos import align_photos

        written = align_photos(**self.as_dict(), on_broken=leave_out)
        print(f"{len(written)} faces in {self.output}")
