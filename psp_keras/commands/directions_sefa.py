import dataclasses

from psp_keras.command_line import Command
from psp_keras.option_kinds import OutputFolder, Seed, Styles, Whole
from psp_keras.options import option
from psp_keras.presets.preset_kind import Preset


@dataclasses.dataclass(kw_only=True)
class DirectionsSeFa(Command):
    """Finds the directions that change a generator's styles the most, from its weights alone (SeFa)."""

    preset: str = option(Preset(), "preset or run folder of a generator or of a pSp", positional=True)
    output: str = option(OutputFolder(), "folder for the directions")
    styles: list | None = option(Styles(), "styles to change, such as 0-3; all without it", None)
    num_directions: int = option(Whole(1), "how many, the strongest first", 8)
    seed: int = option(Seed(), "of the w that the ranges are measured with", 0)

    def run(self, leave_out):
        from psp_keras.commands.direction_folders import write_directions
        from psp_keras.commands.load_generator import load_generator
        from psp_keras.editing.direction_files import check_directions_output
        from psp_keras.editing.sefa_directions import sefa

        check_directions_output(self.output)
        generator, name = load_generator(self.preset)
        write_directions(self.output, sefa(generator, self.styles, self.num_directions, name, self.seed))
