import itertools
from collections.abc import Iterator
from typing import Any

import keras

# On several devices Keras builds a model with the first batch, and then begins anew: TensorFlow has read a few ahead.
_TRIED = 8


def feed(batches: Iterator) -> Any:
    """Returns what `fit` takes, on this backend and the devices of its scope, for batches that Python makes.

    On TensorFlow, Keras would put a queue with threads of TensorFlow around an iterator; one that waits for Python
    when a script ends keeps it from ending; the batches are made ahead of their use anyway.

    Args:
        batches: an endless iterator of arrays, or of tuples of them.
    """
    first = next(batches)
    batches = itertools.chain([first], batches)
    if not isinstance(first, tuple):
        batches = ((batch,) for batch in batches)
    return {"tensorflow": _dataset, "jax": _part_of_process, "torch": iter}[keras.backend.backend()](batches)


def _dataset(batches):
    import tensorflow as tf

    tried = list(itertools.islice(batches, _TRIED))
    signature = tuple(tf.TensorSpec(array.shape, array.dtype) for array in tried[0])
    dataset = tf.data.Dataset.from_generator(lambda: itertools.chain(tried, batches), output_signature=signature)
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
