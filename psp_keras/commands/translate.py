import dataclasses
from pathlib import Path

from psp_keras.command_line import Command
from psp_keras.commands.face_options import FaceOptions
from psp_keras.data.video_endings import VIDEO_ENDINGS
from psp_keras.dtypes import AUTO, DTYPES, HELP
from psp_keras.option_kinds import Choice, Inputs, OutputFolderOrFile, Switch, Text, Whole
from psp_keras.options import option
from psp_keras.presets.preset_kind import Preset


@dataclasses.dataclass(kw_only=True)
class Translate(FaceOptions, Command):
    """Sends picture files through a preset."""

    preset: str = option(Preset(), "built-in name, preset directory or run folder", positional=True)
    inputs: list = option(Inputs(), "picture files and folders", positional=True)
    output: str = option(
        OutputFolderOrFile(*VIDEO_ENDINGS),
        "folder for the PNG files, or for the photos with --paste-back; or a video for a video",
    )
    couple: bool = option(Switch(), "put source and output side by side", False)
    resize: bool = option(Switch(), "keep outputs larger than 256 pixels", True, flag="--full-size")
    mask: str | None = option(
        Text(), "what inpainting hides: random, center, or a picture whose white part hides", None
    )
    factor: int | None = option(Whole(1), "shrink the inputs of super_resolution by that much first", None)
    iterations: int | None = option(
        Whole(1), "how often a ReStyle encoder looks at a picture; its own without it", None
    )
    dtype: str = option(Choice(*DTYPES), HELP, AUTO)

    def run(self, leave_out):
        from psp_keras.commands.translate_files import translate_files
        from psp_keras.models.psp import PSP

        options = self.as_dict()
        model = PSP.from_preset(options.pop("preset"), dtype=options.pop("dtype"))
        written = translate_files(model, **options, on_broken=leave_out)
        print(self.output if written == [Path(self.output)] else f"{len(written)} pictures in {self.output}")
