import csv
import os
import sys
from pathlib import Path

import keras

from psp_keras.atomic_write import atomic_write


class ResumableCSVLog(keras.callbacks.Callback):
    """Writes one line of metrics an epoch; a resumed training drops the lines after its checkpoint and goes on.

    Of a damaged file what can be read is kept, and the file itself under another name.

    Args:
        path: the CSV file.
    """

    def __init__(self, path):
        super().__init__()
        self.path = Path(path)
        self._rows = []

    def on_train_begin(self, logs=None):
        self._rows, whole = read_log(self.path)
        if not whole:
            damaged = self.path.with_name(f"{self.path.stem}.damaged{self.path.suffix}")
            os.replace(self.path, damaged)
            print(
                f"{self.path} is damaged: {len(self._rows)} lines of it are kept, all of it in {damaged}.",
                file=sys.stderr,
            )

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch + 1, **{name: float(value) for name, value in (logs or {}).items()}}
        self._rows = [*(old for old in self._rows if old["epoch"] <= epoch), row]
        fields = list(dict.fromkeys(name for line in self._rows for name in line))
        with atomic_write(self.path) as scratch, open(scratch, "w", newline="") as file:
            writer = csv.DictWriter(file, fields)
            writer.writeheader()
            writer.writerows(self._rows)


def read_log(path):
    """Reads what `ResumableCSVLog` wrote.

    Returns:
        `(rows, whole)`: a dictionary of numbers for each line that can be read, and whether that is all of them.
    """
    if not Path(path).exists():
        return [], True
    text = Path(path).read_bytes().decode("utf-8", errors="replace")
    lines = text.splitlines()
    if not text.endswith("\n"):  # a number in the last line may be cut
        lines = lines[:-1]
    names = lines[0].split(",") if lines else []
    rows = [_read_row(names, line.split(",")) for line in lines[1:]]
    kept = [row for row in rows if row]
    return kept, bool(lines) and text.endswith("\n") and len(kept) == len(rows) and "epoch" in names


def _read_row(names, cells):
    """The numbers in a line by their names, or `None` where it is damaged."""
    try:
        row = {name: float(cell) for name, cell in zip(names, cells, strict=True) if cell}
        return {**row, "epoch": int(row["epoch"])}
    except (ValueError, KeyError, OverflowError):
        return None
