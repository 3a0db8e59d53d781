import dataclasses

from psp_keras.command_line import Command
from psp_keras.option_kinds import InputFolder, OutputFile, Seed, Strengths
from psp_keras.options import option
from psp_keras.presets.preset_kind import Preset


@dataclasses.dataclass(kw_only=True)
class DirectionsShow(Command):
    """Draws what directions do to a face: a row for each direction, a column for each strength."""

    directions: str = option(InputFolder(), "folder of directions", positional=True)
    output: str = option(OutputFile(), "the picture to write, such as directions.png")
    preset: str | None = option(Preset(), "generator or pSp that draws; the one they were found in without it", None)
    strength: list | None = option(Strengths(), "such as -3:3:7; each direction's own range without it", None)
    seed: int | None = option(Seed(), "of a random face; the average face without it", None)

    def run(self, leave_out):
        from psp_keras.commands.direction_pictures import draw_directions

        print(f"{draw_directions(**self.as_dict())} directions in {self.output}")
