import dataclasses

from psp_keras.command_line import Command
from psp_keras.data.mini_faces.names import MINI_FACES
from psp_keras.dtypes import DTYPES, HELP
from psp_keras.option_kinds import Choice, InputFolder, OutputFile, Switch, Text, Whole
from psp_keras.options import option
from psp_keras.presets.preset_kind import Preset


@dataclasses.dataclass(kw_only=True)
class Evaluate(Command):
    """Measures how well a preset does its task on new pictures."""

    preset: str = option(Preset(), "built-in name, preset directory or run folder", positional=True)
    data: str | None = option(
        InputFolder(MINI_FACES), "folder of pictures, or mini_faces, which it is without --source", None
    )
    source: str | None = option(InputFolder(), "folder of the sources of a task that needs pairs", None)
    target: str | None = option(InputFolder(), "folder of their targets, matched by file name", None)
    metrics: str = option(Text(), "any of l2, lpips, id, psnr, ssim, fid-mini, with commas between", "l2,lpips,id")
    perceptual_network: str = option(Preset(), "preset for lpips and fid-mini", "mini_faces_vgg")
    arcface: str = option(Preset(), "preset for id", "mini_faces_arcface_metric")
    align: bool = option(Switch(), "cut the largest face out of each photo of --data first", False)
    count: int = option(Whole(1), "pictures to measure, at most", 512)
    output: str | None = option(OutputFile(".json"), "JSON file for the measures of every picture", None)
    sheet: str | None = option(OutputFile(), "picture file for the best and the worst cases", None)
    # A measure should not depend on the machine.
    dtype: str = option(Choice(*DTYPES), HELP, "float32")

    def run(self, leave_out):
        from psp_keras.evaluation import TranslationMetrics, evaluate, print_summary
        from psp_keras.models.psp import PSP

        metrics = TranslationMetrics(self.metrics.split(","), self.perceptual_network, self.arcface)
        places = {name: getattr(self, name) for name in ("data", "source", "target", "align")}
        outputs = {name: getattr(self, name) for name in ("sheet", "output")}
        model = PSP.from_preset(self.preset, dtype=self.dtype)
        report = evaluate(model, **places, count=self.count, metrics=metrics, **outputs, on_broken=leave_out)
        print_summary(report)
