import dataclasses

from psp_keras.command_line import Command, print_measures
from psp_keras.training.options import VGGOptions


@dataclasses.dataclass(kw_only=True)
class TrainVGG(VGGOptions, Command):
    """Trains a VGG for LPIPS on MiniFaces attributes."""

    def run(self, leave_out):
        from psp_keras.training.vgg import train_vgg

        print_measures(train_vgg(**self.as_dict()))
