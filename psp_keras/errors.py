import sys


class UserError(ValueError):
    """A mistake in what the user gave: one line that names it and what to do. The command line exits with 2."""


def print_left_out(line):
    """Tells the user about an input that was left out while the rest went on."""
    print(f"psp-keras: left out: {line}", file=sys.stderr)
