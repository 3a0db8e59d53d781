import dataclasses

from psp_keras.command_line import Command
from psp_keras.dtypes import AUTO, DTYPES, HELP
from psp_keras.option_kinds import Choice, Inputs, Number, OutputFile, Seed, Styles, Switch, Whole
from psp_keras.options import option
from psp_keras.presets.preset_kind import Preset


@dataclasses.dataclass(kw_only=True)
class Mix(Command):
    """Draws variants of pictures by replacing some of their styles."""

    preset: str = option(Preset(), "built-in name, preset directory or run folder", positional=True)
    inputs: list = option(Inputs(), "picture files and folders", positional=True)
    output: str = option(OutputFile(), "the picture grid to write, such as mixes.png")
    num_outputs: int = option(Whole(1), "variants a picture", 5, flag="--outputs")
    latent_mask: list | None = option(Styles(), "styles to replace, such as 0-3,8; the finer ones without it", None)
    alpha: float | None = option(
        Number(0, 1), "blend that much of the random style in, 0 to 1; replaces without it", None
    )
    seed: int = option(Seed(), "of the random styles", 0)
    align: bool = option(Switch(), "cut the largest face out of each photo, as published networks want it", False)
    dtype: str = option(Choice(*DTYPES), HELP, AUTO)

    def run(self, leave_out):
        from psp_keras.commands.mix_files import mix_files
        from psp_keras.models.psp import PSP

        options = self.as_dict()
        model = PSP.from_preset(options.pop("preset"), dtype=options.pop("dtype"))
        count = mix_files(model, **options, on_broken=leave_out)
        print(f"{count} pictures with {self.num_outputs} mixes each in {self.output}")
