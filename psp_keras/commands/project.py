import dataclasses

from psp_keras.command_line import Command
from psp_keras.option_kinds import Inputs, Number, OutputFolder, Preset, Switch, Whole
from psp_keras.options import option


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

    def run(self, leave_out):
        from psp_keras.models.preset import load_preset
        from psp_keras.training.projection import project_files

        options = self.as_dict()
        written, seconds = project_files(load_preset(options.pop("preset")), **options, on_broken=leave_out)
        print(f"{len(written)} pictures in {self.output}, {seconds:.2g} seconds each")
