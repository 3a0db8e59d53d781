import dataclasses

from psp_keras.command_line import Command
from psp_keras.dtypes import AUTO, DTYPES, HELP
from psp_keras.option_kinds import Choice, Inputs, OutputFolder, Strengths, Styles, Switch, Text
from psp_keras.options import option
from psp_keras.presets.preset_kind import Preset


@dataclasses.dataclass(kw_only=True)
class Edit(Command):
    """Edits pictures along a direction: `--direction d/smile --strength 2`, or `-3:3:7` for a strip of them."""

    preset: str = option(Preset(), "preset or run folder of a pSp", positional=True)
    inputs: list = option(Inputs(), "picture files and folders", positional=True)
    direction: str = option(Text(), "folder of directions and a name in it, such as d/smile")
    output: str = option(OutputFolder(), "folder for a PNG of each picture")
    strength: list | None = option(
        Strengths(), "2, or -3:3:7 for 7 from -3 to 3; the direction's range without it", None
    )
    also: str | None = option(Text(), "edits that come first, such as d/age=2,d/pose=-1", None)
    styles: list | None = option(Styles(), "the styles that are edited; those of the direction without it", None)
    gif: bool = option(Switch(), "write a GIF of the strengths too", False)
    resize: bool = option(Switch(), "keep outputs larger than 256 pixels", True, flag="--full-size")
    other_generator: bool = option(Switch(), "the direction may have been found in another generator", False)
    align: bool = option(Switch(), "cut the largest face out of each photo, as published networks want it", False)
    dtype: str = option(Choice(*DTYPES), HELP, AUTO)

    def run(self, leave_out):
        from psp_keras.commands.edit_files import edit_files
        from psp_keras.models.psp import PSP

        options = self.as_dict()
        model = PSP.from_preset(options["preset"], dtype=options.pop("dtype"))
        written = edit_files(model, **options, on_broken=leave_out)
        print(f"{len(written)} edited pictures in {self.output}")
