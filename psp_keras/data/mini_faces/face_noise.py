"""Faces as functions of Gaussian noise."""

import numpy as np

from psp_keras.data.mini_faces.face_attributes import attribute_vector, random_person, random_scene


def attributes_of_noise(z: np.ndarray) -> np.ndarray:
    """Describes a face for each z: of Gaussian z, as many faces of each kind as MiniFaces has.

    Every number that a MiniFaces sample would draw at random is taken from z in turn, so that a face is a function of
    its z, the same in each world. As in a mapping network, only the direction of z counts.

    Args:
        z: `(N, dim)`, Gaussian, of at least 63 dimensions; the later ones are left over.

    Returns:
        float32 `(N, attributes)`, an `attribute_vector` for each.

    Example:
        >>> attributes_of_noise(np.random.randn(2, 128)).shape
        (2, 67)
    """
    from scipy.special import ndtr  # scikit-learn brings it

    z = z / np.sqrt(np.mean(np.square(z), axis=1, keepdims=True))
    return np.stack([_describe(_NoiseRng(gaussian, uniform)) for gaussian, uniform in zip(z, ndtr(z))])


def _describe(rng):
    person = random_person(rng)
    return attribute_vector(person, random_scene(rng))


class _NoiseRng:
    """Draws as `numpy.random.Generator` does, from numbers that are given: Gaussian ones, and the same as uniform."""

    def __init__(self, gaussian, uniform):
        self._numbers = iter(zip(gaussian, uniform))

    def random(self):
        return float(next(self._numbers)[1])

    def uniform(self, low, high, size=None):
        return self._repeat(lambda: low + (high - low) * self.random(), size)

    def normal(self, mean, deviation, size=None):
        return self._repeat(lambda: mean + deviation * float(next(self._numbers)[0]), size)

    def beta(self, a, b):
        from scipy.special import betaincinv

        return betaincinv(a, b, self.random())

    def choice(self, choices, p):
        return choices[min(np.searchsorted(np.cumsum(p), self.random()), len(choices) - 1)]

    @staticmethod
    def _repeat(draw, size):
        return draw() if size is None else np.array([draw() for _ in range(size)])
