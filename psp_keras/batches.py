"""Batches of one size, so that networks compile once, and files that are read and written while networks run.

It stands beside the rooms since editing, evaluation and commands, which have nothing above them in common, use it.
"""

import collections
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np

# From here on larger batches are no quicker, and every picture of a batch takes memory: a GB at 1024 pixels.
_PIXELS = 1 << 20
_MOST = 32
_THREADS = 2


def images_at_once(resolution):
    """How many images of a resolution make a batch: 32 of 64 pixels, one of 1024."""
    return min(_MOST, max(1, _PIXELS // resolution**2))


def even_size(count, limit):
    """The size of the fewest equal batches of at most `limit` that hold `count`, which leaves the least to fill up."""
    batches = -(-count // limit)
    return -(-count // max(1, batches))


def even_batches(count, limit):
    """Yields the indices of batches of one size; the last is filled up with the first indices."""
    size = even_size(count, limit)
    for start in range(0, count, max(1, size)):
        yield np.arange(start, start + size) % count


def map_batches(function, images, limit):
    """Returns what a function makes of images in batches of one size, as one NumPy array."""
    outputs = [keras.ops.convert_to_numpy(function(images[batch])) for batch in even_batches(len(images), limit)]
    return np.concatenate(outputs)[: len(images)]


def map_ahead(function, items, ahead=_MOST):
    """Yields `function(item)` in order, computed by threads a few items ahead of their use.

    Args:
        function: what takes time outside of Python, such as reading and writing pictures.
        items: an iterable, which the calling thread goes through.
        ahead: how many items.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        waiting = collections.deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
