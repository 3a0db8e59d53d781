import dataclasses

from psp_keras.command_line import Command
from psp_keras.errors import UserError
from psp_keras.option_kinds import Choice, InputPlace, OutputFolder, Seed, Switch, Whole
from psp_keras.options import option


@dataclasses.dataclass(kw_only=True)
class Convert(Command):
    """Turns a published PyTorch checkpoint into a preset, without PyTorch and without running anything in the file.

    Known: pSp (every task), e4e, ReStyle, SAM, StyleGAN2 (g_ema and d, or NVIDIA's .pkl), the original StyleGAN
    (genforce's .pth), model_ir_se50, CurricularFace, MoCo v2, StyleFlow, and LPIPS (torchvision's VGG16 or AlexNet
    with --heads).
    """

    checkpoint: str = option(InputPlace(), "the .pt, .pth or .pkl file", positional=True)
    output: str | None = option(OutputFolder(), "the preset's folder, for from_preset", None)
    describe: bool = option(Switch(), "print what is in the file instead", False)
    part: str = option(Choice("generator", "discriminator"), "of a StyleGAN2", "generator")
    heads: str | None = option(InputPlace(), "LPIPS's vgg.pth or alex.pth, for torchvision's VGG16 or AlexNet", None)
    num_samples: int = option(Whole(1), "random z for an average latent that the file lacks", 4096)
    seed: int = option(Seed(), "of those", 0)

    def run(self, leave_out):
        from psp_keras.models.preset import check_preset_output
        from weights_conversion.convert import convert, describe

        if self.describe:
            print("\n".join(describe(self.checkpoint)))
            return
        if self.output is None:
            raise UserError("Give the preset's folder with `output`, or look into the file with `describe`.")
        check_preset_output(self.output)
        model = convert(self.checkpoint, self.heads, self.num_samples, self.seed, self.part)
        model.save_to_preset(self.output)
        print(f"{self.output}: {type(model).__name__}, {model.count_params():,} parameters")
