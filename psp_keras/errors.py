import sys


class UserError(ValueError):
    """A mistake in what the user gave: one line that names it and what to do. The command line exits with 2."""


def print_note(line):
    """Tells the user about something that went well and may not be what was meant."""
    print(f"psp-keras: note: {line}", file=sys.stderr)


def print_left_out(line):
    """Tells the user about an input that was left out while the rest went on."""
    print(f"psp-keras: left out: {line}", file=sys.stderr)
