import functools
import math

import keras
import numpy as np
from keras import ops

from psp_keras.ops.affine_sampling import sample_affine
from psp_keras.ops.checks import check_shape

# Parts of a colour: along the axis of greys, across it, and across it after a quarter turn about it.
_ALONG = np.full((3, 3), 1 / 3)
_TURNED = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
_PARTS = np.stack([_ALONG, np.eye(3) - _ALONG, _TURNED]).astype("float32")


@keras.saving.register_keras_serializable(package="psp_keras")
class AdaptiveAugmentation(keras.layers.Layer):
    """Augments what a discriminator sees, the more the surer it is of real pictures (ADA; Karras et al. 2020).

    Pixel blitting (mirroring, quarter turns, integer translation), geometry (isotropic scaling, rotation, anisotropic
    scaling, rotation, fractional translation) and colour (brightness, contrast, luma flip, hue, saturation), in this
    order and with the strengths of appendix B, each with a probability for each picture. These are the groups that the
    paper finds decisive. Geometry is one bilinear sampling with reflected borders; the paper's wavelet filters around
    it are left out, since hardly any picture shrinks to less than half its size.

    Args:
        target: of r_t, the mean sign of the scores of real pictures (section 3).
        kimg: thousands of pictures in which the probability can go from 0 to 1.
        interval: steps between two adjustments of the probability.
        seed: of the random numbers.

    Input: square images `(N, H, H, 3)`, [-1, 1], and a probability in [0, 1], by default the adapted one. Output shape:
    that of the images. Colours may leave [-1, 1].

    Example:
        >>> AdaptiveAugmentation(seed=1)(np.zeros((4, 16, 16, 3)), probability=0.5).shape
        (4, 16, 16, 3)
    """

    def __init__(self, target=0.6, kimg=500, interval=4, seed=None, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.target = target
        self.kimg = kimg
        self.interval = interval
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, images_shape=None, probability_shape=None):
        if images_shape is not None:
            check_shape("images", images_shape, ("N", "H", "W", 3))
        state = {"shape": (), "initializer": "zeros", "trainable": False, "autocast": False, "aggregation": "mean"}
        self.probability = self.add_weight(name="probability", dtype="float32", **state)
        self.sign_sum = self.add_weight(name="sign_sum", dtype="float32", **state)
        self.steps = self.add_weight(name="steps", dtype="int32", **{**state, "aggregation": "only_first_replica"})

    def call(self, images, probability=None):
        probability = ops.cast(self.probability if probability is None else probability, "float32")
        count = ops.shape(images)[0]
        images = sample_affine(images, self._geometry(count, images.shape[1], probability))
        brightness, colours = self._colours(count, probability)
        pixels = ops.reshape(images, (count, -1, 3)) + ops.cast(brightness, images.dtype)[:, None, None]
        pixels = ops.matmul(pixels, ops.cast(ops.transpose(colours, (0, 2, 1)), images.dtype))
        return ops.reshape(pixels, (-1, *images.shape[1:]))

    def adapt(self, scores, num_devices=1):
        """Raises the probability where the discriminator is too sure of real pictures, and lowers it elsewhere.

        Args:
            scores: the discriminator's logits of a batch of real pictures, `(N, 1)`.
            num_devices: how many devices take this step at once, each with such a batch.
        """
        signs = self.sign_sum + ops.mean(ops.sign(ops.stop_gradient(ops.cast(scores, "float32"))))
        steps = self.steps + 1
        due = ops.equal(steps, self.interval)
        pictures = self.interval * num_devices * ops.cast(ops.shape(scores)[0], "float32")
        change = ops.sign(signs / self.interval - self.target) * pictures / (1000.0 * self.kimg)
        self.probability.assign(ops.clip(self.probability + ops.where(due, change, 0.0), 0.0, 1.0))
        self.sign_sum.assign(ops.where(due, 0.0, signs))
        self.steps.assign(ops.where(due, 0, steps))

    def _geometry(self, count, size, probability):
        """The inverse of all geometry, as `sample_affine` takes it.

        Of every part the inverse is as likely as the part, so what is drawn stands for the inverse.
        """
        uniform, normal = self._uniform, self._normal
        one_of_two = 1.0 - ops.sqrt(1.0 - probability)  # rotations: with both, the probability is as elsewhere

        def sometimes(values, chance=probability):
            return self._sometimes(count, chance, values)

        mirror = sometimes(ops.floor(uniform(count, 0, 2)))
        quarters = sometimes(ops.floor(uniform(count, 0, 4)))
        shift = sometimes(uniform((2, count), -0.125, 0.125))
        scale = 2.0 ** sometimes(normal(count, 0.2))
        before, after = (sometimes(uniform(count, -math.pi, math.pi), one_of_two) for _ in range(2))
        stretch = 2.0 ** sometimes(normal(count, 0.2))
        fraction = sometimes(normal((2, count), 0.125))
        parts = [
            _scaling(1.0 - 2.0 * mirror, ops.ones_like(mirror)),
            _rotation(quarters * (math.pi / 2)),
            _translation(ops.round(shift * size)),
            _scaling(scale, scale),
            _rotation(before),
            _scaling(stretch, 1.0 / stretch),
            _rotation(after),
            _translation(fraction * size),
        ]
        return functools.reduce(ops.matmul, parts)

    def _colours(self, count, probability):
        """What is added to every channel, `(N,)`, and the matrix that a colour is multiplied with, `(N, 3, 3)`.

        Luma flip, hue and saturation share the axis of greys, so that one sum stands for their product.
        """
        sometimes = functools.partial(self._sometimes, count, probability)
        brightness = sometimes(self._normal(count, 0.2))
        contrast = 2.0 ** sometimes(self._normal(count, 0.5))
        luma = 1.0 - 2.0 * sometimes(ops.floor(self._uniform(count, 0, 2)))
        hue = sometimes(self._uniform(count, -math.pi, math.pi))
        saturation = 2.0 ** sometimes(self._normal(count, 1.0))
        factors = (luma, saturation * ops.cos(hue), saturation * ops.sin(hue))
        factors = ops.stack([contrast * factor for factor in factors], axis=-1)
        return brightness, ops.tensordot(factors, ops.convert_to_tensor(_PARTS), axes=1)

    def _sometimes(self, count, probability, values):
        return ops.where(self._uniform(count, 0, 1) < probability, values, 0.0)

    def _uniform(self, shape, low, high):
        return keras.random.uniform(_shape(shape), low, high, dtype="float32", seed=self.seed_generator)

    def _normal(self, shape, deviation):
        return keras.random.normal(_shape(shape), stddev=deviation, dtype="float32", seed=self.seed_generator)

    def compute_output_shape(self, images_shape, probability_shape=None):
        return images_shape

    def get_config(self):
        own = {"target": self.target, "kimg": self.kimg, "interval": self.interval, "seed": self.seed}
        return {**super().get_config(), **own}


def _shape(shape):
    return shape if isinstance(shape, tuple) else (shape,)


def _scaling(x, y):
    zero = ops.zeros_like(x)
    return _matrices([x, zero, zero], [zero, y, zero])


def _rotation(angle):
    sine, cosine, zero = ops.sin(angle), ops.cos(angle), ops.zeros_like(angle)
    return _matrices([cosine, -sine, zero], [sine, cosine, zero])


def _translation(distance):
    x, y = distance[0], distance[1]
    one, zero = ops.ones_like(x), ops.zeros_like(x)
    return _matrices([one, zero, x], [zero, one, y])


def _matrices(*rows):
    """`(N, 3, 3)` from two rows of `(N,)` each; the third is that of every affine matrix."""
    zero = ops.zeros_like(rows[0][0])
    rows = (*rows, [zero, zero, zero + 1.0])
    return ops.stack([ops.stack(row, axis=-1) for row in rows], axis=-2)
