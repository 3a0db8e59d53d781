"""Makes a command line from declared commands, and lets mistakes end in one line."""

import argparse
import contextlib
import dataclasses
import os
import re
import sys
import tempfile
import traceback

from psp_keras.errors import UserError, print_left_out
from psp_keras.option_kinds import Switch, Weights
from psp_keras.options import Options, check_value
from psp_keras.quiet_import import import_tensorflow_quietly

LEFT_OUT, MISTAKE, UNEXPECTED, STOPPED = 1, 2, 3, 130  # exit codes


class Command(Options):
    """A command: its options are the fields, its explanation is the docstring.

    Attributes:
        needs_keras: whether Keras is imported before it runs.
    """

    needs_keras = True

    def run(self, leave_out):
        """Does the work.

        Args:
            leave_out: to be called with a line for each input that is left out while the rest goes on.
        """
        raise NotImplementedError


def run_command(command, arguments, program):
    """Parses the arguments of a `Command` class and runs it.

    Args:
        command: the class.
        arguments: what was typed after the command's name.
        program: what was typed before, for messages.

    Returns:
        The exit code: 0, 1 when some inputs were left out, 2 for a user's mistake, 3 for an unexpected error.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    left_out = _LeftOut()
    try:
        job = parse(command, arguments, program)
        if job.needs_keras:
            import_tensorflow_quietly()
        job.run(left_out.add)
        return LEFT_OUT if left_out.any else 0
    except UserError as error:
        print(f"psp-keras: {spell(str(error), command)}", file=sys.stderr)
        return MISTAKE
    except BrokenPipeError:  # `psp-keras presets | head` has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("psp-keras: stopped.", file=sys.stderr)
        return STOPPED
    except Exception as error:
        print(f"psp-keras: {_unexpected(error)}", file=sys.stderr)
        return UNEXPECTED


def parse(command, arguments, program):
    """Returns the `Command` that was typed.

    Raises:
        UserError: a value is not allowed.
    """
    given = vars(_parser(command, program).parse_args(arguments))
    fields = {field.name: field.metadata["kind"] for field in dataclasses.fields(command)}
    return command(**{name: _read(name, fields[name], value) for name, value in given.items()})


def spell(message, command):
    """Names the arguments in a message, `` `latent_mask` ``, as the command line knows them: `--latent-mask`."""
    flags = dict(pair for field in dataclasses.fields(command) for pair in _flags(field))
    for field in dataclasses.fields(command):
        if field.metadata["positional"]:
            flags[field.name] = field.metadata["kind"].metavar or field.name.upper()
    return re.sub(r"`(\w+)`", lambda match: flags.get(match[1], match[0]), message)


def print_measures(measures):
    """Prints numbers by name."""
    for name, value in measures.items():
        print(f"{name.replace('_', ' ')}: {value:.4f}")


class _LeftOut:
    """Names the inputs that are left out, and remembers that there were some."""

    any = False

    def add(self, line):
        print_left_out(line)
        self.any = True


class _Parser(argparse.ArgumentParser):
    """Answers a mistake with one line."""

    def __init__(self, **keywords):
        super().__init__(**keywords)
        # What argparse takes for a value, not for a flag: `-3:3:7` and `-3,0,3` too, where it knows `-3` alone.
        self._negative_number_matcher = re.compile(r"-\.?\d")

    def error(self, message):
        self.exit(MISTAKE, f"psp-keras: {message} (see {self.prog} --help).\n")


def _parser(command, program):
    parser = _Parser(prog=program, description=" ".join(command.__doc__.split()))
    for field in dataclasses.fields(command):
        for name, flag in _flags(field):
            _add_argument(parser, field, name, flag)
    return parser


def _flags(field):
    """Each argument that a field takes on the command line, as Python and as the command line name it."""
    kind, metadata = field.metadata["kind"], field.metadata
    if isinstance(kind, Weights):
        return [(term, _dashed(term)) for term in kind.terms]
    return [(field.name, field.name if metadata["positional"] else metadata["flag"] or _dashed(field.name))]


def _dashed(name):
    return f"--{name.replace('_', '-')}"


def _add_argument(parser, field, name, flag):
    kind, metadata = field.metadata["kind"], field.metadata
    keywords = {"help": metadata["help"], "default": argparse.SUPPRESS, "metavar": kind.metavar}
    if isinstance(kind, Switch):
        keywords.update(action="store_const", const=not field.default)
        del keywords["metavar"]
    elif isinstance(kind, Weights):
        keywords.update(action=_StoreWeight, const=name, metavar="WEIGHT")
        keywords["help"] = f"weight of {kind.terms[name]}; {metadata['help']}"
    elif kind.alone:
        keywords.update(nargs="?", const=kind.alone)
    elif kind.many:
        keywords["nargs"] = "+"
    if field.default not in (None, dataclasses.MISSING) and not isinstance(kind, (Switch, Weights)):
        keywords["help"] += f" (default: {field.default})"
    keywords["help"] = keywords["help"].replace("%", "%%")
    if metadata["positional"]:
        keywords.update({} if field.default is dataclasses.MISSING else {"nargs": "?"})
    else:
        keywords.update(dest=field.name, required=field.default is dataclasses.MISSING)
    parser.add_argument(flag, **keywords)


class _StoreWeight(argparse.Action):
    """Collects the flags of a `Weights` in one dictionary."""

    def __init__(self, *arguments, const, **keywords):
        super().__init__(*arguments, **keywords)
        self.const = const

    def __call__(self, parser, namespace, text, option_string=None):
        weights = {**getattr(namespace, self.dest, {}), self.const: text}
        setattr(namespace, self.dest, weights)


def _read(name, kind, value):
    """What was typed, as a value."""
    if isinstance(kind, Switch):
        return value
    if isinstance(kind, Weights):
        return {term: check_value(term, kind.weight.parse, text) for term, text in value.items()}
    if kind.many:
        return [check_value(name, kind.parse, text) for text in value]
    return check_value(name, kind.parse, value)


def _unexpected(error):
    """The line for an error that nobody foresaw; the traceback goes to a file."""
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    with contextlib.suppress(OSError):
        file, path = tempfile.mkstemp(prefix="psp-keras-", suffix=".txt")
        with os.fdopen(file, "w") as report:
            traceback.print_exception(error, file=report)
        return f"unexpected {reason} This is a mistake in psp_keras: please report it with {path}."
    return f"unexpected {reason} This is a mistake in psp_keras: please report it."
