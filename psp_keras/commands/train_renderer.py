import dataclasses

from psp_keras.command_line import Command, print_measures
from psp_keras.training.options import RendererOptions


@dataclasses.dataclass(kw_only=True)
class TrainRenderer(RendererOptions, Command):
    """Trains a StyleGAN2 generator to draw MiniFaces from their attributes, with a discriminator only at the end."""

    def run(self, leave_out):
        from psp_keras.training.renderer import train_renderer

        print_measures(train_renderer(**self.as_dict()))
