import dataclasses

from psp_keras.command_line import Command
from psp_keras.presets.registry import list_presets


@dataclasses.dataclass(kw_only=True)
class Presets(Command):
    """Lists the built-in presets."""

    needs_keras = False

    def run(self, leave_out):
        print("\n".join(list_presets()))
