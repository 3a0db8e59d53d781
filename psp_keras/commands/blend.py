import dataclasses

from psp_keras.command_line import Command
from psp_keras.option_kinds import Choice, Number, OutputFile, OutputFolder, Seed
from psp_keras.options import option
from psp_keras.presets.preset_kind import Preset


@dataclasses.dataclass(kw_only=True)
class Blend(Command):
    """Makes a generator of the coarse layers of one and the fine layers of another, as toonify's was made.

    Coarse layers, those below --from pixels, decide on pose and shapes, the others on texture and colour. The mapping
    network and the average latent are those of COARSE.
    """

    coarse: str = option(Preset(), "preset of the generator whose layers below --from are taken", positional=True)
    fine: str = option(Preset(), "preset of the generator whose layers at --from and above are taken", positional=True)
    from_resolution: int = option(
        Choice(8, 16, 32, 64, 128, 256, 512, 1024), "pixels from which the layers are those of FINE", flag="--from"
    )
    output: str = option(OutputFolder(), "the new preset's folder")
    gradual: float | None = option(
        Number(0, above=True), "resolutions that a soft change takes, such as 0.5; a whole one without it", None
    )
    sheet: str | None = option(OutputFile(), "picture of what COARSE, the blend and FINE draw from the same z", None)
    seed: int = option(Seed(), "of those z", 0)

    def run(self, leave_out):
        from psp_keras.commands.blend_presets import blend_presets

        model = blend_presets(**self.as_dict())
        layers = f"{self.coarse} below {self.from_resolution} pixels, then {self.fine}"
        print(f"{self.output}: {type(model).__name__}, {layers}")
