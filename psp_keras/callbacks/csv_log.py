import csv
from pathlib import Path

import keras

from psp_keras.atomic_write import atomic_write


class ResumableCSVLog(keras.callbacks.Callback):
    """Writes one line of metrics an epoch; a resumed training drops the lines after its checkpoint and goes on.

    Args:
        path: the CSV file.
    """

    def __init__(self, path):
        super().__init__()
        self.path = Path(path)
        self._rows = []

    def on_train_begin(self, logs=None):
        if self.path.exists():
            with open(self.path, newline="") as file:
                self._rows = list(csv.DictReader(file))

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch + 1, **{name: float(value) for name, value in (logs or {}).items()}}
        self._rows = [*(old for old in self._rows if int(old["epoch"]) <= epoch), row]
        fields = list(dict.fromkeys(name for line in self._rows for name in line))
        with atomic_write(self.path) as scratch, open(scratch, "w", newline="") as file:
            writer = csv.DictWriter(file, fields)
            writer.writeheader()
            writer.writerows(self._rows)
