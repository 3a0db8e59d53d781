"""What an option may be: how its text is read, and which values are allowed. Imports no Keras."""

import math
import os
import reprlib
from pathlib import Path

from psp_keras.check_output import PICTURE_ENDINGS, check_files, check_folder
from psp_keras.errors import UserError
from psp_keras.options import check_value
from psp_keras.values import LARGEST_SEED, is_number, is_whole


class Kind:
    """Any text. Both methods raise a `ValueError` that goes on from the option's name: "must be ...".

    Attributes:
        metavar: what `--help` calls the value.
        many: whether there may be several values.
        alone: the value of the flag without one, or `None` where it needs one.
    """

    metavar = None
    many = False
    alone = None

    def parse(self, text):
        """Reads what was typed."""
        return text

    def check(self, value):
        """Makes sure that a value is allowed."""


class Text(Kind):
    """Text that is not empty.

    Args:
        alone: see `Kind`.
    """

    def __init__(self, metavar=None, alone=None):
        self.metavar = metavar
        self.alone = alone

    def check(self, value):
        if not isinstance(value, (str, os.PathLike)):
            raise ValueError(f"must be text, got {value!r}")
        if not str(value).strip():
            raise ValueError("must not be empty")


class Choice(Kind):
    """One of a few values, all of one type.

    Args:
        *values: the values.
    """

    def __init__(self, *values):
        self.values = values
        self.metavar = "{" + ",".join(map(str, values)) + "}"

    def parse(self, text):
        return next((value for value in self.values if str(value) == text), text)

    def check(self, value):
        if value not in self.values:
            raise ValueError(f"must be one of {', '.join(map(str, self.values))}, got {value!r}")


class Switch(Kind):
    """On or off: a flag without a value."""

    def check(self, value):
        if not isinstance(value, bool):
            raise ValueError(f"must be True or False, got {value!r}")


class Number(Kind):
    """A finite number in a range.

    Args:
        minimum: the smallest that is allowed.
        maximum: the largest that is allowed.
        above: whether `minimum` itself is too small.
    """

    type = float
    name = "number"
    fits = staticmethod(is_number)

    def __init__(self, minimum=-math.inf, maximum=math.inf, above=False):
        self.minimum = minimum
        self.maximum = maximum
        self.above = above

    def parse(self, text):
        try:
            return self.type(text)
        except ValueError as error:
            raise ValueError(f"must be a {self.name}{self._range()}, got {text!r}") from error

    def check(self, value):
        if not self.fits(value, self.minimum, self.maximum) or (self.above and value == self.minimum):
            raise ValueError(f"must be a {self.name}{self._range()}, got {reprlib.repr(value)}")

    def _range(self):
        if self.maximum < math.inf:
            return f" from {self.minimum} to {self.maximum}"
        if self.minimum > -math.inf:
            return f" {'above' if self.above else 'of at least'} {self.minimum}"
        return ""


class Whole(Number):
    """A whole number in a range, see `Number`."""

    type = int
    name = "whole number"
    fits = staticmethod(is_whole)


class Seed(Whole):
    """The seed of something random."""

    def __init__(self):
        super().__init__(0, LARGEST_SEED)


class Styles(Kind):
    """Indices of styles, typed like `0-3,8`."""

    metavar = "STYLES"

    def parse(self, text):
        try:
            bounds = [tuple(map(int, part.split("-"))) for part in text.split(",")]
        except ValueError:
            bounds = []
        if not bounds or any(len(bound) > 2 or bound[0] > bound[-1] for bound in bounds):
            raise ValueError(f"must be style numbers such as 0-3,8, got {text!r}")
        return [index for bound in bounds for index in range(bound[0], bound[-1] + 1)]

    def check(self, value):
        if not len(value) or not all(is_whole(index, 0) for index in value):
            raise ValueError(f"must list style numbers from 0, got {value!r}")


class Strengths(Kind):
    """Strengths of an edit, typed like `2`, `-3,0,3`, or `-3:3:7` for 7 from -3 to 3."""

    metavar = "STRENGTHS"
    most = 100

    def parse(self, text):
        try:
            if ":" not in text:
                return [float(part) for part in text.split(",")]
            first, last, count = text.split(":")
            first, last, count = float(first), float(last), int(count)
        except ValueError as error:
            raise ValueError(f"must be strengths such as 2 or -3:3:7, got {text!r}") from error
        if not 2 <= count <= self.most:
            raise ValueError(f"must be from 2 to {self.most} strengths, got {text!r}")
        return [first + (last - first) * i / (count - 1) for i in range(count)]

    def check(self, value):
        if not 1 <= len(value) <= self.most or not all(map(is_number, value)):
            raise ValueError(f"must list up to {self.most} finite strengths, got {reprlib.repr(value)}")


class Weights(Kind):
    """Weights of the terms of a loss: a dictionary in Python, a flag for each term on the command line.

    Args:
        terms: what each term weighs, by its name.
    """

    def __init__(self, terms):
        self.terms = terms
        self.weight = Number(0)

    def check(self, value):
        unknown = sorted(set(value) - set(self.terms))
        if unknown:
            raise ValueError(f"knows no {unknown[0]!r}, only {', '.join(self.terms)}")
        for name, weight in value.items():
            try:
                self.weight.check(weight)
            except ValueError as error:
                raise UserError(f"`{name}` {error}.") from error


class Inputs(Kind):
    """Files and folders that exist."""

    many = True
    metavar = "INPUT"

    def check(self, value):
        for place in value:
            InputPlace().check(place)


class InputPlace(Text):
    """A file or folder that exists."""

    def check(self, value):
        super().check(value)
        if not Path(value).exists():
            raise UserError(f"There is no file or folder {value}.")


class InputFolder(Text):
    """A folder that exists, or one of a few names.

    Args:
        names: the names.
    """

    def __init__(self, names=()):
        super().__init__()
        self.names = names

    def check(self, value):
        super().check(value)
        if value not in self.names and not Path(value).is_dir():
            raise UserError(f"There is no folder {value}.")


class OutputFolder(Text):
    """A folder to write, which may exist."""

    def check(self, value):
        super().check(value)
        check_folder(value)


class OutputFolderOrFile(OutputFolder):
    """A folder to write, or a file with one of a few endings; either may exist.

    Args:
        endings: of the file.
    """

    def __init__(self, *endings):
        super().__init__()
        self.file = OutputFile(*endings)

    def check(self, value):
        is_file = Path(value).suffix.lower() in self.file.endings and not Path(value).is_dir()
        (self.file if is_file else super()).check(value)


class OutputFile(Text):
    """A file to write, which may exist.

    Args:
        endings: what its name may end in; any picture format by default.
    """

    def __init__(self, *endings):
        super().__init__()
        self.endings = endings or PICTURE_ENDINGS

    def check(self, value):
        super().check(value)
        if Path(value).suffix.lower() not in self.endings:
            raise ValueError(f"must end in {', '.join(self.endings)}, got {str(value)!r}")
        check_files([value])


def check_whole(minimum, maximum=math.inf, **values):
    """Raises a `UserError` that names the argument unless every value is a whole number in a range."""
    _check_all(Whole(minimum, maximum), values)


def check_number(minimum, maximum=math.inf, **values):
    """Raises a `UserError` that names the argument unless every value is a finite number in a range."""
    _check_all(Number(minimum, maximum), values)


def check_above_zero(**values):
    """Raises a `UserError` that names the argument unless every value is a finite number above 0."""
    _check_all(Number(0, above=True), values)


def _check_all(kind, values):
    for name, value in values.items():
        check_value(name, kind.check, value)
