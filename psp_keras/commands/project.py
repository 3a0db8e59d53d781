import dataclasses

from psp_keras.command_line import Command
from psp_keras.dtypes import AUTO, DTYPES, HELP
from psp_keras.option_kinds import Choice, Inputs, Number, OutputFolder, Switch, Whole
from psp_keras.options import option
from psp_keras.presets.preset_kind import Preset


@dataclasses.dataclass(kw_only=True)
class Project(Command):
    """Finds the latents of pictures by optimisation: slow, and a little better."""

    preset: str = option(Preset(), "preset or run folder of a generator or of a pSp", positional=True)
    inputs: list = option(Inputs(), "picture files and folders", positional=True)
    output: str = option(OutputFolder(), "folder for a PNG and the latents (.npz) of each picture")
    steps: int = option(Whole(1), "length of the optimisation", 300)
    learning_rate: float = option(Number(0, above=True), "of Adam at the start", 0.05)
    from_encoder: bool = option(Switch(), "start at a pSp's latents, not at the average face", False)
    l2: float = option(Number(0), "weight of the mean squared error", 1.0)
    lpips: float = option(Number(0), "weight of LPIPS", 0.8)
    perceptual_network: str = option(Preset(), "preset for LPIPS", "mini_faces_vgg")
    align: bool = option(Switch(), "cut the largest face out of each photo, as published networks want it", False)
    dtype: str = option(Choice(*DTYPES), HELP, AUTO)

    def run(self, leave_out):
        from psp_keras.commands.project_files import project_files
        from psp_keras.models.preset import from_preset

        options = self.as_dict()
        model = from_preset(options.pop("preset"), dtype=options.pop("dtype"))
        written, seconds = project_files(model, **options, on_broken=leave_out)
        print(f"{len(written)} pictures in {self.output}, {seconds:.2g} seconds each")
