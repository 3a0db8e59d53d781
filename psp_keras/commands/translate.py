import dataclasses

from psp_keras.command_line import Command
from psp_keras.data.face_choices import FACES
from psp_keras.option_kinds import Choice, InputPlace, Inputs, OutputFolder, Preset, Switch, Text, Whole
from psp_keras.options import option


@dataclasses.dataclass(kw_only=True)
class Translate(Command):
    """Sends picture files through a preset."""

    preset: str = option(Preset(), "built-in name, preset directory or run folder", positional=True)
    inputs: list = option(Inputs(), "picture files and folders", positional=True)
    output: str = option(OutputFolder(), "folder for the PNG files, or for the photos with --paste-back")
    couple: bool = option(Switch(), "put source and output side by side", False)
    resize: bool = option(Switch(), "keep outputs larger than 256 pixels", True, flag="--full-size")
    mask: str | None = option(
        Text(), "what inpainting hides: random, center, or a picture whose white part hides", None
    )
    factor: int | None = option(Whole(1), "shrink the inputs of super_resolution by that much first", None)
    align: bool = option(Switch(), "cut the faces out of photos, as published networks want them", False)
    faces: str = option(Choice(*FACES), "which faces of a photo, with --align", "largest")
    landmarks: str | None = option(
        InputPlace(), "JSON file of known landmarks, with --align; see psp-keras align", None
    )
    paste_back: bool = option(Switch(), "put the outputs back into the photos, with --align", False)

    def run(self, leave_out):
        from psp_keras.models.psp import PSP
        from psp_keras.translate_files import translate_files

        options = self.as_dict()
        written = translate_files(PSP.from_preset(options.pop("preset")), **options, on_broken=leave_out)
        print(f"{len(written)} pictures in {self.output}")
