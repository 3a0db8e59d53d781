"""The table of commands of `psp-keras`."""

import difflib
import importlib
import sys

from psp_keras import __version__
from psp_keras.command_line import MISTAKE, run_command

# The file in `commands/`, and the class in it.
COMMANDS = {
    "demo": ("demo", "Demo"),
    "align": ("align", "Align"),
    "translate": ("translate", "Translate"),
    "mix": ("mix", "Mix"),
    "project": ("project", "Project"),
    "edit": ("edit", "Edit"),
    "directions sefa": ("directions_sefa", "DirectionsSeFa"),
    "directions ganspace": ("directions_ganspace", "DirectionsGANSpace"),
    "directions interfacegan": ("directions_interfacegan", "DirectionsInterFaceGAN"),
    "directions read": ("directions_read", "DirectionsRead"),
    "directions show": ("directions_show", "DirectionsShow"),
    "make-sketches": ("make_sketches", "MakeSketches"),
    "evaluate": ("evaluate", "Evaluate"),
    "export": ("export", "Export"),
    "client": ("client", "Client"),
    "train": ("train", "Train"),
    "train-gan": ("train_gan", "TrainGAN"),
    "blend": ("blend", "Blend"),
    "train-arcface": ("train_arcface", "TrainArcFace"),
    "train-renderer": ("train_renderer", "TrainRenderer"),
    "train-vgg": ("train_vgg", "TrainVGG"),
    "convert": ("convert", "Convert"),
    "mini-faces": ("mini_faces", "MiniFaces"),
    "presets": ("presets", "Presets"),
}


def main(arguments=None):
    """Runs a command; returns its exit code, see `run_command`."""
    name, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if rest and f"{name} {rest[0]}" in COMMANDS:  # a command of two words
        name, rest = f"{name} {rest[0]}", rest[1:]
    if name in ("-h", "--help"):
        print(_overview())
        return 0
    if name == "--version":
        print(f"psp-keras {__version__}")
        return 0
    if name not in COMMANDS:
        print(f"psp-keras: {_unknown(name)}", file=sys.stderr)
        return MISTAKE
    return run_command(load_command(name), rest, f"psp-keras {name}")


def load_command(name):
    """Returns the `Command` class of a name."""
    module, cls = COMMANDS[name]
    return getattr(importlib.import_module(f"psp_keras.commands.{module}"), cls)


def _overview():
    lines = [f"  {name:24} {load_command(name).__doc__.splitlines()[0]}" for name in COMMANDS]
    return "\n".join(
        [
            "usage: psp-keras COMMAND ...",
            "",
            "pixel2style2pixel for Keras 3: invert faces into StyleGAN2, translate, train.",
            "",
            *lines,
            "",
            "`psp-keras COMMAND --help` explains a command. Try `psp-keras demo` first.",
        ]
    )


def _unknown(name):
    words = [command.split()[1] for command in COMMANDS if command.startswith(f"{name} ")]
    if words:
        return f"After {name} comes one of {', '.join(words)}."
    similar = difflib.get_close_matches(name, COMMANDS, 1)
    hint = f"did you mean {similar[0]}?" if similar else f"choose one of {', '.join(COMMANDS)}."
    return f"There is no command {name!r}: {hint}"
