"""Adaptive discriminator augmentation, on every backend: its parts against NumPy, and how far it goes."""

import math

import keras
import numpy as np
import pytest
from keras import ops

from psp_keras.layers import AdaptiveAugmentation
from psp_keras.ops.affine_sampling import sample_affine
from tests.helpers import random_images


def layer(**options):
    augmentation = AdaptiveAugmentation(seed=1, **options)
    augmentation.build()
    return augmentation


def sampled(images, *rows):
    matrix = np.array([*rows, [0, 0, 1]], "float32")
    return np.asarray(sample_affine(ops.convert_to_tensor(images), np.repeat(matrix[None], len(images), axis=0)))


def test_whole_pixels_are_moved_as_they_are():
    images = random_images(size=8)
    np.testing.assert_allclose(sampled(images, [-1, 0, 0], [0, 1, 0]), images[:, :, ::-1], atol=1e-5)
    np.testing.assert_allclose(sampled(images, [0, -1, 0], [1, 0, 0]), np.rot90(images, 1, (1, 2)), atol=1e-5)
    reflected = np.pad(images, [(0, 0), (3, 3), (3, 3), (0, 0)], mode="reflect")
    np.testing.assert_allclose(sampled(images, [1, 0, 3], [0, 1, -2]), reflected[:, 1:9, 6:14], atol=1e-5)


def test_between_pixels_lies_their_mean():
    images = random_images(size=8)
    between = sampled(images, [1, 0, 0.5], [0, 1, 0])
    np.testing.assert_allclose(between[:, :, :-1], (images[:, :, 1:] + images[:, :, :-1]) / 2, atol=1e-5)


def test_probability_0_changes_nothing():
    images = random_images(count=4, size=16)
    np.testing.assert_array_equal(np.asarray(layer()(images, probability=0.0)), images)


def test_each_picture_is_changed_with_the_probability():
    images = random_images(count=2000, size=16)
    changed = np.asarray(layer()(images, probability=0.1)) != images
    unchanged = 1 - np.mean(np.any(changed, axis=(1, 2, 3)))
    halves, turns, shifts = 0.95, 0.925, 1 - 0.1 * 15 / 16  # some of these change nothing
    assert unchanged == pytest.approx(halves**2 * turns * shifts * 0.9**8, abs=0.04)


def test_transformations_are_the_published_ones_in_the_published_order(monkeypatch):
    """The matrices of stylegan2-ada's `augment.py`, inverse for the geometry."""
    mirror, quarters, shift, scale, before, after, stretch, fraction = (
        1,
        3,
        (0.1, -0.05),
        0.3,
        0.4,
        -0.9,
        0.2,
        (0.03, 0.07),
    )
    values = [mirror, quarters, np.array(shift)[:, None], scale, before, after, stretch, np.array(fraction)[:, None]]
    geometry = np.asarray(given(monkeypatch, values)._geometry(1, 32, 1.0))[0]
    zoom = np.diag([2**scale, 2**scale, 1])
    expected = np.diag([-1, 1, 1]) @ rotation(quarters * math.pi / 2) @ translation(3, -2) @ zoom @ rotation(before)
    expected = expected @ np.diag([2**stretch, 2**-stretch, 1]) @ rotation(after) @ translation(0.96, 2.24)
    np.testing.assert_allclose(geometry, expected, atol=1e-5)

    brightness, contrast, luma, hue, saturation = 0.1, -0.4, 1, 0.7, 0.9
    offset, colours = given(monkeypatch, [brightness, contrast, luma, hue, saturation])._colours(1, 1.0)
    grey = np.full((3, 3), 1 / 3)
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    turn = grey + math.cos(hue) * (np.eye(3) - grey) + math.sin(hue) * cross
    expected = (grey + 2**saturation * (np.eye(3) - grey)) @ turn @ (np.eye(3) - 2 * luma * grey) * 2**contrast
    np.testing.assert_allclose(np.asarray(colours)[0], expected, atol=1e-5)
    assert float(offset[0]) == pytest.approx(brightness)


def given(monkeypatch, values):
    """A layer that draws these values, one after the other."""
    augmentation, values = layer(), iter(values)

    def draw(count, probability, drawn):
        return ops.convert_to_tensor(np.broadcast_to(np.array(next(values), "float32"), tuple(drawn.shape)))

    monkeypatch.setattr(augmentation, "_sometimes", draw)
    return augmentation


def rotation(angle):
    sine, cosine = math.sin(angle), math.cos(angle)
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])


def translation(x, y):
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]])


def test_the_probability_can_go_from_0_to_1_within_kimg():
    augmentation = layer(kimg=1)
    for step in range(20):
        before = float(augmentation.probability)
        augmentation.adapt(ops.ones((50, 1)))
        assert (float(augmentation.probability) > before) == (step % 4 == 3)
    assert float(augmentation.probability) == pytest.approx(1)
    for _ in range(8):
        augmentation.adapt(ops.ones((50, 1)))
    assert float(augmentation.probability) == 1
    half = ops.concatenate([ops.ones((30, 1)), -ops.ones((20, 1))])  # r_t 0.2
    for _ in range(4):
        augmentation.adapt(half)
    assert float(augmentation.probability) == pytest.approx(0.8)


def test_adaptation_is_state_that_a_checkpoint_keeps():
    augmentation = layer()
    names = {variable.name for variable in augmentation.non_trainable_variables}
    assert {"probability", "sign_sum", "steps", "seed_generator_state"} <= names
    assert not augmentation.trainable_variables


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the trainer's tests differentiate elsewhere")
def test_gradients_of_gradients_reach_the_pictures():
    import tensorflow as tf

    augmentation, images = layer(), tf.constant(random_images(size=16))
    weight = tf.Variable(2.0)

    @tf.function(jit_compile=True, autograph=False)
    def penalise():
        with tf.GradientTape() as tape:
            with tf.GradientTape() as inner:
                inner.watch(images)
                score = tf.reduce_sum(weight * tf.square(augmentation(images, probability=0.9)))
            slope = inner.gradient(score, images)
            penalty = tf.reduce_sum(tf.square(slope))
        return slope, tape.gradient(penalty, weight), penalty

    slope, gradient, penalty = (np.asarray(x) for x in penalise())
    assert np.all(np.any(slope, axis=(1, 2, 3)))
    np.testing.assert_allclose(gradient, penalty, rtol=1e-4)  # of w^2 c by w, at 2
