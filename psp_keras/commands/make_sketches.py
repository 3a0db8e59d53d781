import dataclasses

from psp_keras.command_line import Command
from psp_keras.option_kinds import Inputs, Number, OutputFolder
from psp_keras.options import option


@dataclasses.dataclass(kw_only=True)
class MakeSketches(Command):
    """Draws edge sketches from photos."""

    inputs: list = option(Inputs(), "picture files and folders", positional=True)
    output: str = option(OutputFolder(), "folder for the sketches, named after the photos", positional=True)
    thickness: float = option(Number(0, 20, above=True), "of the lines", 1.0)

    def run(self, leave_out):
        from psp_keras.commands.draw_sketches import make_sketches

        written = make_sketches(**self.as_dict(), on_broken=leave_out)
        print(f"{len(written)} sketches in {self.output}")
