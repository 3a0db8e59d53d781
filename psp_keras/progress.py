"""How far a long piece of work is: Keras's bar on a terminal and in notebooks, plain lines in a pipe or a file."""

import sys
import time

import keras

_SECONDS = 5  # between two plain lines


def shows_bars():
    """Whether what is printed can move: a bar needs it, and it would be a mess of control characters elsewhere."""
    return sys.stdout.isatty() or "ipykernel" in sys.modules


class Progress:
    """Counts what is done; shows a bar, or a plain line every few seconds and at the end.

    Args:
        total: how much there is to do.
        unit: what is counted.

    Example:
        >>> progress = Progress(200, "picture")
        >>> progress.add(192)
        >>> progress.add(8)
        200/200 pictures
    """

    def __init__(self, total, unit):
        self._bar = keras.utils.Progbar(total, unit_name=unit, stateful_metrics=["loss"]) if shows_bars() else None
        self._total = total
        self._unit = unit
        self._done = 0
        self._clock = _Clock()

    def add(self, count=1, values=()):
        """Notes what has been done since.

        Args:
            count: how much.
            values: `(name, number)` pairs to show beside it.
        """
        self._done += count
        if self._bar:
            self._bar.add(count, list(values))
        elif self._clock.rings() or self._done == self._total:
            print(_line(f"{self._done}/{self._total} {self._unit}s", values), flush=True)


def show_fit(verbose="auto"):
    """How `fit` shows its progress: its own bar where bars can be shown, plain lines elsewhere.

    Args:
        verbose: of `fit`; 0 shows nothing.

    Returns:
        `(verbose, callbacks)` for `fit`.
    """
    return (verbose, []) if shows_bars() or not verbose else (0, [FitLines()])


class FitLines(keras.callbacks.Callback):
    """Prints a plain line every few seconds of a `fit`, and at the end of every epoch."""

    def on_train_begin(self, logs=None):
        self._clock = _Clock()

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = f"epoch {epoch + 1}/{self.params['epochs']}"

    def on_train_batch_end(self, batch, logs=None):
        if self._clock.rings():
            steps = self.params["steps"] or "?"
            print(_line(f"{self._epoch}, step {batch + 1}/{steps}", (logs or {}).items()), flush=True)

    def on_epoch_end(self, epoch, logs=None):
        print(_line(self._epoch, (logs or {}).items()), flush=True)


class _Clock:
    """Rings when the last time is some seconds ago."""

    def __init__(self):
        self._last = time.monotonic()

    def rings(self):
        now = time.monotonic()
        rings = now - self._last >= _SECONDS
        if rings:
            self._last = now
        return rings


def _line(text, values):
    numbers = ", ".join(f"{name} {float(value):.4g}" for name, value in values)
    return f"{text}: {numbers}" if numbers else text
