"""An endless shuffled order of samples in which any step can be reached at once, so that a resumed training
sees exactly the batches that an uninterrupted one would have seen."""

import tensorflow as tf


def shuffled_batches(num_samples, batch_size, seed=0, start_step=0):
    """Yields batches of sample numbers, every sample once an epoch, in another order each epoch.

    Args:
        num_samples: how many samples there are.
        batch_size: how many go into a batch.
        seed: of the order.
        start_step: batches to leave out at the front.

    Returns:
        `tf.data.Dataset` of int64 `(batch_size,)`, endless.
    """

    def batch(step):
        position = step * batch_size + tf.range(batch_size, dtype=tf.int64)
        epoch = 1 + position // num_samples  # seeds of zeros alone would leave most samples where they are
        seeds = tf.stack([tf.fill([batch_size], tf.constant(seed, tf.int64)), epoch, epoch], axis=-1)
        # The raw operation: the Python wrapper pads a batch of seeds along the wrong axis.
        return tf.raw_ops.RandomIndexShuffle(
            index=position % num_samples,
            seed=tf.cast(seeds, tf.uint32),
            max_index=tf.constant(num_samples - 1, tf.int64),
        )

    # Not `range(start_step, huge)`: tf.data would report a cardinality, and Keras an ending epoch.
    counter = tf.data.Dataset.counter(start_step)
    return counter.map(batch, num_parallel_calls=1)
