import dataclasses

from psp_keras.command_line import Command
from psp_keras.option_kinds import Choice, Text
from psp_keras.options import option
from psp_keras.presets.preset_kind import Preset


@dataclasses.dataclass(kw_only=True)
class Export(Command):
    """Writes a model for use without psp_keras: a SavedModel for TF Serving, or an ONNX or LiteRT file."""

    preset: str = option(Preset(), "built-in name, preset directory or run folder", positional=True)
    output: str = option(
        Text(),
        "folder to write, with a version number at its end, such as export/psp/1; or a file, psp.onnx or psp.tflite",
        positional=True,
    )
    format: str | None = option(
        Choice("saved_model", "onnx", "litert"), "what to write; what the output's ending says without it", None
    )
    dtype: str = option(Choice("float32", "bfloat16"), "of the weights; bfloat16 halves a SavedModel", "float32")

    def run(self, leave_out):
        from psp_keras.models.psp import PSP
        from psp_keras.serving import export

        model = PSP.from_preset(self.preset, dtype="float32")
        written = export(model, self.output, self.dtype, self.format)
        signatures = "serving_default, translate, encode, decode, map, style_mix"
        print(f"{self.output}: {signatures if written == 'saved_model' else 'images to images'}")
