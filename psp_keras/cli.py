"""The `psp-keras` command. Everything heavy is imported by the command that needs it."""

import argparse
import os
import sys

from psp_keras.errors import UserError, print_left_out
from psp_keras.quiet_import import import_tensorflow_quietly


def main(arguments=None):
    """Runs a command; returns 0, 1 when some inputs were left out, or 2 for a user's mistake."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    options = vars(_parser().parse_args(arguments))
    command, needs_tensorflow = options.pop("run"), options.pop("needs_tensorflow")
    try:
        if needs_tensorflow:
            import_tensorflow_quietly()
        return command(**options) or 0
    except UserError as error:
        print(f"psp-keras: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # `psp-keras presets | head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("psp-keras: stopped.", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(
        prog="psp-keras",
        description="pixel2style2pixel for Keras 3: invert faces into StyleGAN2, translate, train.",
        epilog="`psp-keras COMMAND --help` explains a command. Try `psp-keras demo` first.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (
        _demo,
        _translate,
        _mix,
        _project,
        _make_sketches,
        _evaluate,
        _export,
        _client,
        _train,
        _train_gan,
        _train_arcface,
        _train_vgg,
        _mini_faces,
        _presets,
    ):
        add(commands)
    return parser


def _command(commands, name, run, text, needs_tensorflow=True):
    parser = commands.add_parser(name, help=text, description=text, formatter_class=_HelpFormatter)
    parser.set_defaults(run=run, needs_tensorflow=needs_tensorflow)
    return parser


class _HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Shows defaults, where there are any."""

    def _get_help_string(self, action):
        return action.help if action.default is None else super()._get_help_string(action)


class _LeftOut:
    """Names the inputs that are left out, and makes the exit code say that there were some."""

    exit_code = 0

    def add(self, line):
        print_left_out(line)
        self.exit_code = 1


def _positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {text}")
    return value


def _demo(commands):
    parser = _command(
        commands, "demo", _run_demo, "A tour in a few minutes: samples, inversion, training, style mixing."
    )
    parser.add_argument("photo", nargs="?", help="a picture of a face to invert; a drawn one is used without it")
    parser.add_argument("--output", default="demo_output", help="folder for the pictures and report.json")
    parser.add_argument("--steps", type=_positive, default=300, help="length of the training from scratch")
    parser.add_argument("--seed", type=int, default=0, help="of everything random")


def _run_demo(**options):
    from psp_keras.demo import run_demo

    run_demo(**options)


def _translate(commands):
    parser = _command(commands, "translate", _run_translate, "Sends picture files through a preset.")
    parser.add_argument("preset", help="built-in name, preset directory or run folder")
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="picture files and folders")
    parser.add_argument("--output", required=True, help="folder for the PNG files")
    parser.add_argument("--couple", action="store_true", help="put source and output side by side")
    parser.add_argument("--full-size", dest="resize", action="store_false", help="keep outputs larger than 256 pixels")
    parser.add_argument("--mask", help="what inpainting hides: random, center, or a picture whose white part hides")
    parser.add_argument("--factor", type=_positive, help="shrink the inputs of super_resolution by that much first")


def _run_translate(preset, inputs, output, **options):
    from psp_keras.models.psp import PSP
    from psp_keras.translate_files import translate_files

    left_out = _LeftOut()
    written = translate_files(PSP.from_preset(preset), inputs, output, **options, on_broken=left_out.add)
    print(f"{len(written)} pictures in {output}")
    return left_out.exit_code


def _mix(commands):
    parser = _command(commands, "mix", _run_mix, "Draws variants of pictures by replacing some of their styles.")
    parser.add_argument("preset", help="built-in name, preset directory or run folder")
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="picture files and folders")
    parser.add_argument("--output", required=True, help="the picture grid to write, such as mixes.png")
    parser.add_argument("--outputs", dest="num_outputs", type=_positive, default=5, help="variants a picture")
    parser.add_argument("--latent-mask", type=_mask, help="styles to replace, such as 0-3,8; the finer ones without it")
    parser.add_argument("--alpha", type=float, help="blend that much of the random style in; replaces without it")
    parser.add_argument("--seed", type=int, default=0, help="of the random styles")


def _mask(text):
    try:
        bounds = [tuple(map(int, part.split("-"))) for part in text.split(",")]
        mask = [index for bound in bounds for index in range(bound[0], bound[-1] + 1)]
    except ValueError:
        mask = []
    if not mask:
        raise argparse.ArgumentTypeError(f"expected style numbers such as 0-3,8, got {text!r}")
    return mask


def _run_mix(preset, output, **options):
    from psp_keras.models.psp import PSP
    from psp_keras.translate_files import mix_files

    left_out = _LeftOut()
    count = mix_files(PSP.from_preset(preset), output=output, **options, on_broken=left_out.add)
    print(f"{count} pictures with {options['num_outputs']} mixes each in {output}")
    return left_out.exit_code


def _project(commands):
    parser = _command(
        commands, "project", _run_project, "Finds the latents of pictures by optimisation: slow, and a little better."
    )
    parser.add_argument("preset", help="preset or run folder of a generator or of a pSp")
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="picture files and folders")
    parser.add_argument("--output", required=True, help="folder for a PNG and the latents (.npz) of each picture")
    parser.add_argument("--steps", type=_positive, default=300, help="length of the optimisation")
    parser.add_argument("--learning-rate", type=float, default=0.05, help="of Adam at the start")
    parser.add_argument("--from-encoder", action="store_true", help="start at a pSp's latents, not at the average face")
    parser.add_argument("--l2", type=float, default=1.0, help="weight of the mean squared error")
    parser.add_argument("--lpips", type=float, default=0.8, help="weight of LPIPS")
    parser.add_argument("--perceptual-network", default="mini_faces_vgg", help="preset for LPIPS")


def _run_project(preset, **options):
    from psp_keras.models.preset import load_preset
    from psp_keras.training.projection import project_files

    left_out = _LeftOut()
    written, seconds = project_files(load_preset(preset), **options, on_broken=left_out.add)
    print(f"{len(written)} pictures in {options['output']}, {seconds:.2g} seconds each")
    return left_out.exit_code


def _make_sketches(commands):
    parser = _command(commands, "make-sketches", _run_make_sketches, "Draws edge sketches from photos.")
    parser.add_argument("inputs", nargs="+", metavar="IN", help="picture files and folders")
    parser.add_argument("output", metavar="OUT", help="folder for the sketches, named after the photos")
    parser.add_argument("--thickness", type=float, default=1.0, help="of the lines")


def _run_make_sketches(**options):
    from psp_keras.make_sketches import make_sketches

    left_out = _LeftOut()
    written = make_sketches(**options, on_broken=left_out.add)
    print(f"{len(written)} sketches in {options['output']}")
    return left_out.exit_code


def _evaluate(commands):
    parser = _command(commands, "evaluate", _run_evaluate, "Measures how well a preset does its task on new pictures.")
    parser.add_argument("preset", help="built-in name, preset directory or run folder")
    parser.add_argument("--data", help="folder of pictures, or mini_faces, which it is without --source")
    parser.add_argument("--source", help="folder of the sources of a task that needs pairs")
    parser.add_argument("--target", help="folder of their targets, matched by file name")
    parser.add_argument(
        "--metrics", default="l2,lpips,id", help="any of l2, lpips, id, psnr, ssim, fid-mini, with commas between"
    )
    parser.add_argument("--perceptual-network", default="mini_faces_vgg", help="preset for lpips and fid-mini")
    parser.add_argument("--arcface", default="mini_faces_arcface_metric", help="preset for id")
    parser.add_argument("--count", type=_positive, default=512, help="pictures to measure, at most")
    parser.add_argument("--output", help="JSON file for the measures of every picture")
    parser.add_argument("--sheet", help="picture file for the best and the worst cases")


def _run_evaluate(preset, metrics, perceptual_network, arcface, output, **options):
    from psp_keras.evaluation import evaluate, print_summary, write_report
    from psp_keras.metrics import TranslationMetrics
    from psp_keras.models.psp import PSP

    left_out = _LeftOut()
    if not (options["data"] or options["source"]):
        options["data"] = "mini_faces"
    metrics = TranslationMetrics(metrics.split(","), perceptual_network, arcface)
    report = evaluate(PSP.from_preset(preset), metrics=metrics, **options, on_broken=left_out.add)
    print_summary(report)
    if output:
        write_report(report, output)
    return left_out.exit_code


def _export(commands):
    text = "Writes a model for use without psp_keras: a SavedModel for TF Serving, or an ONNX or LiteRT file."
    parser = _command(commands, "export", _run_export, text)
    parser.add_argument("preset", help="built-in name, preset directory or run folder")
    parser.add_argument(
        "output",
        help="folder to write, with a version number at its end, such as export/psp/1; a file such as psp.onnx or "
        "psp.tflite for the other formats",
    )
    parser.add_argument("--format", default="saved_model", choices=("saved_model", "onnx", "litert"))
    parser.add_argument(
        "--dtype", default="float32", choices=("float32", "bfloat16"), help="bfloat16 halves a SavedModel"
    )


def _run_export(preset, output, dtype, format):
    from psp_keras.models.psp import PSP
    from psp_keras.serving import export

    export(PSP.from_preset(preset, dtype="float32"), output, dtype, format)
    signatures = "serving_default, translate, encode, decode, map, style_mix"
    print(f"{output}: {signatures if format == 'saved_model' else 'images to images'}")


def _client(commands):
    text = "Sends pictures to a TF Serving that runs an export."
    parser = _command(commands, "client", _run_client, text)
    parser.add_argument("url", help="http://HOST:8501 for REST, or grpc://HOST:8500")
    parser.add_argument("inputs", nargs="+", metavar="IMAGE", help="picture files and folders")
    parser.add_argument("--output", required=True, help="folder for the PNG files")
    parser.add_argument("--model", default="psp", help="name that the server has for the model")
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds to wait for an answer")
    parser.add_argument("--workers", type=_positive, default=8, help="requests at once")


def _run_client(url, inputs, output, model, timeout, workers):
    from psp_keras.serving.client_files import translate_remotely

    left_out = _LeftOut()
    written = translate_remotely(url, inputs, output, model, timeout, workers, left_out.add)
    print(f"{len(written)} pictures in {output}")
    return left_out.exit_code


def _train(commands):
    parser = _command(commands, "train", _run_train, "Trains a pSp encoder; the same command resumes a stopped one.")
    parser.add_argument("--task", default="inversion", help=f"{', '.join(_TASKS)}, or a YAML file that describes one")
    parser.add_argument("--data", help="folder of pictures, or mini_faces (for every task but paired)")
    parser.add_argument("--source", help="folder of the sources of a task that needs pairs")
    parser.add_argument("--target", help="folder of their targets, matched by file name")
    parser.add_argument("--val-source", help="folder for validation; 5%% of the pictures are held out without it")
    parser.add_argument("--val-target", help="folder of the validation targets of a task that needs pairs")
    parser.add_argument("--output", required=True, help="the run folder")
    parser.add_argument("--num-classes", type=_positive, help="labels in segmentation maps; the task's without it")
    parser.add_argument("--mask", help="what inpainting hides: random, center, or a picture whose white part hides")
    parser.add_argument("--generator", default="mini_faces_stylegan2", help="preset of the frozen generator")
    parser.add_argument("--encoder", default="gradual", choices=("gradual", "into_w", "into_w_plus"))
    parser.add_argument(
        "--num-layers", type=int, default=18, choices=(10, 18, 34, 50, 100, 152), help="50 in the paper"
    )
    parser.add_argument("--width", type=_positive, default=16, help="channels of the first stage; 64 in the paper")
    parser.add_argument("--style-filters", type=_positive, default=48, help="map2style channels; 512 in the paper")
    parser.add_argument("--start-from", help="preset or run of a pSp, or of an ArcFace, whose weights to start from")
    for name, text in _LOSSES.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, help=f"weight of {text}; the task's without it")
    parser.add_argument("--perceptual-network", default="mini_faces_vgg", help="preset for LPIPS")
    parser.add_argument("--arcface", default="mini_faces_arcface", help="preset for the identity loss")
    parser.add_argument("--moco-network", help="preset for the MoCo loss, in place of the identity loss")
    parser.add_argument("--steps", type=_positive, default=10000, help="length of the training")
    _training_options(parser, learning_rate=1e-3, dtype="float32")
    parser.add_argument(
        "--devices", type=_positive, default=1, help="GPUs, or parts of the CPU, that share the work of every batch"
    )
    parser.add_argument(
        "--sync-batch-norm", action="store_true", help="batch statistics over all devices; on JAX they always are"
    )
    parser.add_argument(
        "--wandb", nargs="?", const="psp_keras", metavar="PROJECT", help="log losses and image tables to W&B"
    )
    parser.add_argument("--tensorboard", action="store_true", help="write tensorboard/ in the run folder")
    parser.add_argument("--log-every", type=_positive, default=50, help="steps between two losses in W&B, TensorBoard")


_TASKS = (
    "inversion",
    "frontalization",
    "sketch_to_face",
    "segmentation_to_face",
    "super_resolution",
    "inpainting",
    "toonify",
    "paired",
)
_LOSSES = {
    "l2": "the mean squared error",
    "lpips": "LPIPS",
    "id": "the identity loss",
    "moco": "the MoCo loss",
    "w_norm": "the distance from the average latent",
    "l2_crop": "the mean squared error on the inner face",
    "lpips_crop": "LPIPS on the inner face",
}


def _training_options(parser, learning_rate, dtype):
    parser.add_argument("--steps-per-epoch", type=_positive, default=500, help="steps between two checkpoints")
    parser.add_argument("--batch-size", type=_positive, default=16)
    parser.add_argument("--learning-rate", type=float, default=learning_rate)
    parser.add_argument("--num-mini-faces", type=_positive, default=20000, help="faces to draw for --data mini_faces")
    parser.add_argument("--dtype", default=dtype, choices=("float32", "mixed_bfloat16"), help="dtype policy")
    parser.add_argument("--seed", type=int, default=0)


def _run_train(**options):
    from psp_keras.training.psp import train_psp

    left_out = _LeftOut()
    losses = {name: options.pop(name) for name in _LOSSES}
    losses = {name: weight for name, weight in losses.items() if weight is not None}
    train_psp(**options, losses=losses, on_broken=left_out.add)
    return left_out.exit_code


def _train_gan(commands):
    parser = _command(
        commands, "train-gan", _run_train_gan, "Trains a StyleGAN2 generator; the same command resumes a stopped one."
    )
    parser.add_argument("--data", required=True, help="folder of pictures, mini_faces or mini_faces_cartoon")
    parser.add_argument("--output", required=True, help="the run folder; generator/ in it is the preset")
    parser.add_argument(
        "--resolution", type=int, default=64, choices=(16, 32, 64, 128, 256, 512, 1024), help="size of the pictures"
    )
    parser.add_argument("--style-dim", type=_positive, default=128, help="size of the latents; 512 in the paper")
    parser.add_argument("--mapping-layers", type=_positive, default=4, help="8 in the paper")
    parser.add_argument("--channel-base", type=_positive, default=2048, help="32768 is config-f")
    parser.add_argument("--channel-max", type=_positive, default=128, help="512 is config-f")
    parser.add_argument("--kimg", type=float, default=200, help="length, in thousands of pictures shown")
    parser.add_argument(
        "--start-from", help="fine-tune this checkpoint, run folder or preset; its shape replaces the options above"
    )
    parser.add_argument("--r1-gamma", type=float, default=0.05, help="weight of the R1 penalty")
    parser.add_argument("--no-mirror", dest="mirror", action="store_false", help="do not flip pictures at random")
    _training_options(parser, learning_rate=2e-3, dtype="mixed_bfloat16")


def _run_train_gan(**options):
    from psp_keras.training.gan import train_gan

    left_out = _LeftOut()
    train_gan(**options, on_broken=left_out.add)
    return left_out.exit_code


def _train_arcface(commands):
    parser = _command(commands, "train-arcface", _run_train_arcface, "Trains a face recognition network on MiniFaces.")
    parser.add_argument("--output", required=True, help="the run folder; arcface/ in it is the preset")
    parser.add_argument("--num-identities", type=_positive, default=2000)
    parser.add_argument("--images-per-identity", type=_positive, default=20)
    parser.add_argument("--epochs", type=_positive, default=12)
    parser.add_argument("--no-squeeze-excite", dest="squeeze_excite", action="store_false", help="IR instead of IR-SE")
    parser.add_argument("--seed", type=int, default=0)


def _run_train_arcface(**options):
    from psp_keras.training.arcface import train_arcface

    _print_measures(train_arcface(**options))


def _train_vgg(commands):
    parser = _command(commands, "train-vgg", _run_train_vgg, "Trains a VGG for LPIPS on MiniFaces attributes.")
    parser.add_argument("--output", required=True, help="the run folder; vgg/ in it is the preset")
    parser.add_argument("--num-images", type=_positive, default=20000)
    parser.add_argument("--epochs", type=_positive, default=10)
    parser.add_argument("--seed", type=int, default=0)


def _run_train_vgg(**options):
    from psp_keras.training.vgg import train_vgg

    _print_measures(train_vgg(**options))


def _print_measures(measures):
    for name, value in measures.items():
        print(f"{name.replace('_', ' ')}: {value:.4f}")


def _mini_faces(commands):
    parser = _command(
        commands, "mini-faces", _run_mini_faces, "Writes the procedural MiniFaces as folders of PNG files."
    )
    parser.add_argument("output", help="folder for images/, frontal/, sketches/, segmentation/, attributes.jsonl")
    parser.add_argument("--count", type=_positive, default=1000)
    parser.add_argument("--size", type=_positive, default=64, help="pixels")
    parser.add_argument("--style", choices=("photo", "cartoon"), default="photo", help="how faces are drawn")
    parser.add_argument("--split", choices=("train", "test"), default="train")
    parser.add_argument("--num-identities", type=_positive, help="people; every face another one without it")
    parser.add_argument("--seed", type=int, default=0, help="which world")


def _run_mini_faces(**options):
    from psp_keras.data.write_mini_faces import write_mini_faces

    write_mini_faces(**options)


def _presets(commands):
    _command(commands, "presets", _run_presets, "Lists the built-in presets.", needs_tensorflow=False)


def _run_presets():
    from psp_keras.presets.registry import list_presets

    print("\n".join(list_presets()))
