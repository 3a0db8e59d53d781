"""Scores of pictures, from a table of the user's."""

import csv
import json
import math
from pathlib import Path

from psp_keras.errors import UserError
from psp_keras.values import is_number


def read_scores(path):
    """Reads a table with the column `file` and a column of numbers for each score.

    Args:
        path: `.csv` with a header, or `.jsonl`, such as the `attributes.jsonl` of `psp-keras mini-faces`. Columns with
            anything but numbers in them are no scores.

    Returns:
        `(files, scores)`: names without their folders, and `{name: list of a number for each file}`.

    Raises:
        UserError: the table is missing, damaged, or without files or scores.
    """
    rows = _read_rows(Path(path))
    if not rows or not all(isinstance(row, dict) and isinstance(row.get("file"), str) for row in rows):
        raise UserError(f"{path} must have a column `file` with the name of a picture in every row.")
    names = [name for name in rows[0] if isinstance(name, str) and name != "file"]
    columns = {name: [_number(row.get(name)) for row in rows] for name in names}
    scores = {name: column for name, column in columns.items() if None not in column}
    if not scores:
        raise UserError(f"{path} has no column of numbers beside `file`.")
    return [Path(row["file"]).name for row in rows], scores


def _read_rows(path):
    try:
        text = path.read_text("utf-8-sig")
        if path.suffix == ".jsonl":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        return list(csv.DictReader(text.splitlines()))
    except OSError as error:
        raise UserError(f"Cannot read {path}: {error.strerror}.") from error
    except (ValueError, csv.Error, RecursionError) as error:
        raise UserError(f"{path} is cut short, damaged or no table.") from error


def _number(value):
    try:
        number = float(value) if isinstance(value, str) or is_number(value) else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None
