from psp_keras.option_kinds import Text
from psp_keras.presets.registry import find_preset


class Preset(Text):
    """An option that names a built-in preset, a preset's folder or a run folder."""

    def check(self, value):
        super().check(value)
        find_preset(value)
