"""`python -m weights_conversion CHECKPOINT --output DIR`: the same as `psp-keras convert`."""

import sys

from psp_keras.command_line import run_command
from psp_keras.commands.convert import Convert


def main(arguments=None):
    """Converts or describes a checkpoint; returns the exit code, see `run_command`."""
    return run_command(Convert, sys.argv[1:] if arguments is None else arguments, "python -m weights_conversion")


if __name__ == "__main__":
    sys.exit(main())
