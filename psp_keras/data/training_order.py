"""An endless shuffled order of samples in which any step can be reached at once, so that a resumed training
sees exactly the batches that an uninterrupted one would have seen."""

import functools
import itertools

import numpy as np


def shuffled_batches(num_samples, batch_size, seed=0, start_step=0):
    """Yields batches of sample numbers, every sample once an epoch, in another order each epoch.

    Args:
        num_samples: how many samples there are.
        batch_size: how many go into a batch.
        seed: of the order.
        start_step: batches to leave out at the front.

    Returns:
        An endless iterator of int64 `(batch_size,)`.
    """

    @functools.lru_cache(maxsize=1)
    def order(epoch):
        return np.random.default_rng([seed, epoch]).permutation(num_samples)

    for step in itertools.count(start_step):
        epochs, places = np.divmod(np.arange(step * batch_size, (step + 1) * batch_size), num_samples)
        yield np.concatenate([order(epoch)[places[epochs == epoch]] for epoch in np.unique(epochs).tolist()])
