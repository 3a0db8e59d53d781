import dataclasses

from psp_keras.command_line import Command
from psp_keras.training.options import PSPOptions


@dataclasses.dataclass(kw_only=True)
class Train(PSPOptions, Command):
    """Trains a pSp encoder; the same command resumes a stopped one."""

    def run(self, leave_out):
        from psp_keras.training.psp import train_psp

        train_psp(**self.as_dict(), on_broken=leave_out)
