import dataclasses

from psp_keras.command_line import Command
from psp_keras.training.options import GANOptions


@dataclasses.dataclass(kw_only=True)
class TrainGAN(GANOptions, Command):
    """Trains a StyleGAN2 generator; the same command resumes a stopped one."""

    def run(self, leave_out):
        from psp_keras.training.gan import train_gan

        train_gan(**self.as_dict(), on_broken=leave_out)
