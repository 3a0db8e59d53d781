import functools
import itertools
from collections.abc import Iterator
from typing import Any

import keras

# On several devices Keras builds a model with the first batch, and then begins anew: TensorFlow has read a few ahead.
_TRIED = 8


def feed(batches: Iterator | list) -> Any:
    """Returns what `fit` takes, on this backend and the devices of its scope, for batches that Python makes.

    On TensorFlow, Keras would put a queue with threads of TensorFlow around an iterator; one that waits for Python
    when a script ends keeps it from ending; the batches are made ahead of their use anyway.

    Args:
        batches: an endless iterator of arrays, or of tuples of them; or a list, for validation, which every pass goes
            through from its first batch on.
    """
    if isinstance(batches, list):
        begin = functools.partial(itertools.cycle, batches)
    else:
        tried = list(itertools.islice(batches, _TRIED))
        begin = functools.partial(itertools.chain, tried, batches)

    def begin_tuples():
        return (batch if isinstance(batch, tuple) else (batch,) for batch in begin())

    if keras.backend.backend() == "tensorflow":
        return _dataset(begin_tuples)
    return _part_of_process(begin_tuples()) if keras.backend.backend() == "jax" else begin_tuples()


def _dataset(begin):
    import tensorflow as tf

    signature = tuple(tf.TensorSpec(array.shape, array.dtype) for array in next(begin()))
    dataset = tf.data.Dataset.from_generator(begin, output_signature=signature)
    options = tf.data.Options()
    options.experimental_optimization.inject_prefetch = False
    return dataset.with_options(options)


def _part_of_process(batches):
    """Of several processes, each hands over its part of every batch."""
    import jax

    count, number = jax.process_count(), jax.process_index()
    for batch in batches:
        sizes = [len(array) // count for array in batch]
        yield tuple(array[number * size : (number + 1) * size] for array, size in zip(batch, sizes))
