"""What `fit` is fed with."""

import itertools

import keras
import numpy as np

from psp_keras.training.feed import feed


def batches():
    for number in itertools.count():
        yield np.full((4, 2), number, "float32"), np.full((4, 1), number, "float32")


def seen(data, count):
    return [tuple(float(np.asarray(part)[0, 0]) for part in batch) for batch in itertools.islice(iter(data), count)]


def test_no_batch_is_lost():
    assert seen(feed(batches()), 3) == [(0, 0), (1, 1), (2, 2)]


def test_batches_of_one_array_are_tuples():
    assert seen(feed(x for x, _ in batches()), 2) == [(0,), (1,)]


def test_fit_takes_them():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(feed(batches()), epochs=2, steps_per_epoch=3, shuffle=False, verbose=0)
