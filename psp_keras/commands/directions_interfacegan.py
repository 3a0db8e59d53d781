import dataclasses

from psp_keras.command_line import Command
from psp_keras.dtypes import AUTO, DTYPES, HELP
from psp_keras.option_kinds import Choice, InputPlace, Inputs, Number, OutputFolder, Seed, Switch, Text
from psp_keras.options import option
from psp_keras.presets.preset_kind import Preset


@dataclasses.dataclass(kw_only=True)
class DirectionsInterFaceGAN(Command):
    """Finds the directions along which scores of pictures rise, in the latents of a pSp (InterFaceGAN)."""

    preset: str = option(Preset(), "preset or run folder of a pSp", positional=True)
    inputs: list = option(Inputs(), "picture files and folders", positional=True)
    scores: str = option(InputPlace(), "table (.csv or .jsonl): file, and a column of numbers for each direction")
    output: str = option(OutputFolder(), "folder for the directions")
    names: str | None = option(Text(), "columns to use, such as smile,age; all of numbers without it", None)
    conditional: bool = option(Switch(), "take out of each direction what it has of the others", False)
    extremes: float = option(Number(0, 0.5, above=True), "share of the pictures at each end of a score", 0.1)
    seed: int = option(Seed(), "of the choice of those that are validated on", 0)
    dtype: str = option(Choice(*DTYPES), HELP, AUTO)

    def run(self, leave_out):
        from psp_keras.commands.direction_folders import write_directions
        from psp_keras.commands.interfacegan_files import interfacegan_files
        from psp_keras.editing.direction_files import check_directions_output
        from psp_keras.models.psp import PSP

        check_directions_output(self.output)
        options = self.as_dict()
        del options["output"]
        model = PSP.from_preset(options["preset"], dtype=options.pop("dtype"))
        write_directions(self.output, interfacegan_files(model, **options, on_broken=leave_out))
