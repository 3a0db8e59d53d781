import keras
import numpy as np
from keras import ops


class LatentPool:
    """Earlier latents, so that a discriminator does not forget what it has seen (Shrivastava et al., CVPR 2017).

    Of several devices, it keeps the latents of the first.

    Args:
        size: how many it holds.
        style_dim: size of a latent.

    Example:
        >>> pool, seeds = LatentPool(50, style_dim=8), keras.random.SeedGenerator(0)
        >>> latents = np.ones((4, 8), "float32")
        >>> bool(np.all(np.array(pool.exchange(latents, seeds)) == latents))  # while it is not full
        True
    """

    def __init__(self, size: int, style_dim: int):
        self.size = size
        options = {"trainable": False, "aggregation": "only_first_replica"}
        self.latents = keras.Variable(np.zeros((size, style_dim), "float32"), dtype="float32", **options)
        self.count = keras.Variable(0, dtype="int32", **options)
        self.variables = [self.latents, self.count]

    def exchange(self, latents, seed_generator):
        """Puts in new latents; half of them come back, and an earlier one in the place of each of the others.

        Args:
            latents: `(N, style_dim)`.
            seed_generator: of what is drawn.

        Returns:
            `(N, style_dim)`.
        """
        number = ops.shape(latents)[0]
        free = ops.convert_to_tensor(self.count) + ops.arange(number, dtype="int32")
        fits = free < self.size
        held = _put(ops.convert_to_tensor(self.latents), latents, ops.minimum(free, self.size - 1), fits)
        index = keras.random.randint((number,), 0, self.size, seed=seed_generator)
        chance = keras.random.uniform((number,), seed=seed_generator) > 0.5
        swaps = ops.logical_and(ops.logical_not(fits), chance)
        returned = ops.where(swaps[:, None], ops.take(held, index, axis=0), latents)
        self.latents.assign(_put(held, latents, index, swaps))
        self.count.assign(ops.minimum(self.count + number, self.size))
        return returned


def _put(table, rows, index, chosen):
    """A table with the chosen rows at their indices; of several with one index, the last."""
    order = ops.cumsum(ops.ones_like(rows[:, :1]), axis=0) * ops.cast(chosen, "float32")[:, None]
    order = order * ops.one_hot(index, table.shape[0], dtype="float32")
    found = ops.max(order, axis=0)[:, None] > 0
    return ops.where(found, ops.take(rows, ops.argmax(order, axis=0), axis=0), table)
