import dataclasses

from psp_keras.command_line import Command
from psp_keras.option_kinds import Inputs, OutputFolder
from psp_keras.options import option
from psp_keras.presets.preset_kind import Preset


@dataclasses.dataclass(kw_only=True)
class DirectionsRead(Command):
    """Reads directions that others published for a generator.

    Known: .pt of encoder4editing (ffhq_pca.pt too), .npy of InterFaceGAN and .npz of GANSpace.
    """

    preset: str = option(Preset(), "preset or run folder of a generator or of a pSp", positional=True)
    inputs: list = option(Inputs(), "the files", positional=True)
    output: str = option(OutputFolder(), "folder for the directions")

    def run(self, leave_out):
        from psp_keras.commands.direction_folders import write_directions
        from psp_keras.commands.load_generator import load_generator
        from psp_keras.commands.published_files import published_files
        from psp_keras.editing.direction_files import check_directions_output

        check_directions_output(self.output)
        generator, name = load_generator(self.preset)
        write_directions(self.output, published_files(generator, name, self.inputs))
