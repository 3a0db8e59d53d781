import dataclasses

from psp_keras.command_line import Command
from psp_keras.option_kinds import InputPlace, OutputFolder, Seed, Whole
from psp_keras.options import option


@dataclasses.dataclass(kw_only=True)
class Demo(Command):
    """A tour in a few minutes: samples, inversion, training, style mixing."""

    photo: str | None = option(
        InputPlace(), "a picture of a face to invert; a drawn one is used without it", None, positional=True
    )
    output: str = option(OutputFolder(), "folder for the pictures and report.json", "demo_output")
    steps: int = option(Whole(1), "length of the training from scratch", 300)
    seed: int = option(Seed(), "of everything random", 0)

    def run(self, leave_out):
        from psp_keras.commands.demo_tour import run_demo

        run_demo(**self.as_dict())
