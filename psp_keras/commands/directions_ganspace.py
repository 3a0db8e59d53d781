import dataclasses

from psp_keras.command_line import Command
from psp_keras.option_kinds import OutputFolder, Seed, Styles, Whole
from psp_keras.options import option
from psp_keras.presets.preset_kind import Preset


@dataclasses.dataclass(kw_only=True)
class DirectionsGANSpace(Command):
    """Finds the directions in which a generator's w varies the most (GANSpace)."""

    preset: str = option(Preset(), "preset or run folder of a generator or of a pSp", positional=True)
    output: str = option(OutputFolder(), "folder for the directions")
    styles: list | None = option(Styles(), "styles to change, such as 0-3; all without it", None)
    num_directions: int = option(Whole(1), "how many, the strongest first", 8)
    num_samples: int = option(Whole(2), "random w to look at", 1000000)
    seed: int = option(Seed(), "of the w", 0)

    def run(self, leave_out):
        from psp_keras.commands.direction_folders import write_directions
        from psp_keras.commands.load_generator import load_generator
        from psp_keras.editing.direction_files import check_directions_output
        from psp_keras.editing.ganspace_directions import ganspace

        check_directions_output(self.output)
        generator, name = load_generator(self.preset)
        found = ganspace(generator, self.styles, self.num_directions, self.num_samples, name, self.seed)
        write_directions(self.output, found)
