"""`python -m weights_conversion CHECKPOINT --output DIR`: a published PyTorch file becomes a preset."""

import argparse
import os
import sys

from psp_keras.errors import UserError
from psp_keras.quiet_import import import_tensorflow_quietly


def main(arguments=None):
    """Converts or describes a checkpoint; returns 0, or 2 for a user's mistake."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    options = _parser().parse_args(arguments)
    import_tensorflow_quietly()
    from weights_conversion.convert import convert, describe

    try:
        if options.describe:
            print("\n".join(describe(options.checkpoint)))
        elif options.output is None:
            raise UserError("give the preset's folder with --output, or look into the file with --describe.")
        else:
            model = convert(options.checkpoint, options.heads, options.num_samples, options.seed, options.part)
            model.save_to_preset(options.output)
            print(f"{options.output}: {type(model).__name__}, {model.count_params():,} parameters")
        return 0
    except UserError as error:
        print(f"weights_conversion: {error}", file=sys.stderr)
        return 2


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m weights_conversion",
        description="Turns a published PyTorch checkpoint into a preset, without PyTorch and without running "
        "anything in the file. Known: pSp (every task), StyleGAN2 (g_ema and d, or NVIDIA's .pkl), model_ir_se50, "
        "CurricularFace, MoCo v2, and LPIPS (torchvision's VGG16 or AlexNet with --heads).",
    )
    parser.add_argument("checkpoint", help="the .pt, .pth or .pkl file")
    parser.add_argument("--output", help="the preset's folder, for from_preset")
    parser.add_argument("--describe", action="store_true", help="print what is in the file instead")
    parser.add_argument(
        "--part",
        default="generator",
        choices=("generator", "discriminator"),
        help="of a StyleGAN2 (default: %(default)s)",
    )
    parser.add_argument("--heads", help="LPIPS's vgg.pth or alex.pth, for torchvision's VGG16 or AlexNet")
    parser.add_argument("--num-samples", type=int, default=4096, help="random z for an average latent the file lacks")
    parser.add_argument("--seed", type=int, default=0, help="of those")
    return parser


if __name__ == "__main__":
    sys.exit(main())
