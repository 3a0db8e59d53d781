"""Reads what will be needed soon in threads of its own."""

import threading
from concurrent.futures import ThreadPoolExecutor

_KEPT = 8  # times as many as are taken at once


class ReadAhead:
    """Calls a function for items that will be asked for later, in several threads.

    Args:
        read: function of an item; called from several threads at once.
        num_threads: how many read at a time.
    """

    def __init__(self, read, num_threads):
        self._read = read
        self._threads = ThreadPoolExecutor(num_threads)
        self._begun = {}
        self._lock = threading.Lock()

    def take(self, items, later=()):
        """Returns `[read(item) for item in items]`, and begins to read the items in `later`."""
        with self._lock:
            wanted = [self._begin(item) for item in items]
            for item in items:
                self._begun.pop(item, None)
            for item in later:
                self._begin(item)
            for item in list(self._begun)[: -_KEPT * len(items)]:  # nobody came for these
                self._begun.pop(item).cancel()
        return [reading.result() for reading in wanted]

    def _begin(self, item):
        if item not in self._begun:
            self._begun[item] = self._threads.submit(self._read, item)
        return self._begun[item]
