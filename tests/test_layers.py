import numpy as np
import pytest

from psp_keras import layers
from psp_keras.ops.face_regions import inner_face, recognition_input, shrink_to_256
from tests.helpers import check_layer

CASES = [
    (layers.AdaINBlock, {"filters": 6, "up": True}, [(2, 8, 8, 4), (2, 5)], (2, 16, 16, 6)),
    (layers.AdaINBlock, {"filters": 4, "convolve": False}, [(2, 8, 8, 4), (2, 5)], (2, 8, 8, 4)),
    (layers.AdaptiveInstanceNorm, {}, [(2, 8, 8, 4), (2, 5)], (2, 8, 8, 4)),
    (layers.AdaptiveAugmentation, {"seed": 1}, [(2, 8, 8, 3)], (2, 8, 8, 3)),
    (layers.BasicBlock, {"filters": 8, "strides": 2}, [(2, 8, 8, 4)], (2, 4, 4, 8)),
    (layers.BasicBlock, {"filters": 4}, [(2, 7, 7, 4)], (2, 7, 7, 4)),
    (layers.BatchNormalization, {}, [(2, 8, 8, 4)], (2, 8, 8, 4)),
    (layers.BilinearUpsample2D, {}, [(2, 8, 8, 4)], (2, 16, 16, 4)),
    (layers.BottleneckBlock, {"filters": 4, "strides": 2, "project": True}, [(2, 8, 8, 8)], (2, 4, 4, 16)),
    (layers.BottleneckBlock, {"filters": 2}, [(2, 8, 8, 8)], (2, 8, 8, 8)),
    (layers.DiscriminatorBlock, {"filters": 6}, [(2, 8, 8, 4)], (2, 4, 4, 6)),
    (layers.EqualizedConv2D, {"filters": 6, "kernel_size": 3, "down": True}, [(2, 8, 8, 4)], (2, 4, 4, 6)),
    (layers.EqualizedConv2D, {"filters": 6, "kernel_size": 1, "activate": False}, [(2, 8, 8, 4)], (2, 8, 8, 6)),
    (layers.EqualizedConv2D, {"filters": 6, "kernel_size": 3, "up": True}, [(2, 8, 8, 4)], (2, 16, 16, 6)),
    (layers.EqualizedDense, {"units": 5, "activate": True}, [(2, 8)], (2, 5)),
    (layers.IRBackbone, {"num_layers": 10, "width": 4}, [(2, 32, 32, 3)], [(2, 8, 8, 8), (2, 4, 4, 16), (2, 2, 2, 32)]),
    (layers.IRBlock, {"filters": 8, "strides": 2}, [(2, 8, 8, 4)], (2, 4, 4, 8)),
    (layers.IRBlock, {"filters": 4, "strides": 2, "squeeze_excite": False}, [(2, 7, 7, 4)], (2, 4, 4, 4)),
    (layers.Map2Style, {"units": 8, "filters": 6}, [(2, 8, 8, 4)], (2, 8)),
    (layers.MinibatchStddev, {}, [(4, 4, 4, 3)], (4, 4, 4, 4)),
    (layers.MinibatchStddev, {}, [(3, 4, 4, 3)], (3, 4, 4, 4)),
    (layers.ModulatedConv2D, {"filters": 6, "kernel_size": 3}, [(2, 8, 8, 4), (2, 5)], (2, 8, 8, 6)),
    (
        layers.ModulatedConv2D,
        {"filters": 6, "kernel_size": 3, "resample": "up"},
        [(2, 8, 8, 4), (2, 5)],
        (2, 16, 16, 6),
    ),
    (
        layers.ModulatedConv2D,
        {"filters": 6, "kernel_size": 3, "resample": "down"},
        [(2, 8, 8, 4), (2, 5)],
        (2, 4, 4, 6),
    ),
    (layers.NoiseInjection, {}, [(2, 8, 8, 4)], (2, 8, 8, 4)),
    (layers.NoiseInjection, {"per_channel": True}, [(2, 8, 8, 4)], (2, 8, 8, 4)),
    (layers.PReLU, {}, [(2, 8, 8, 4)], (2, 8, 8, 4)),
    (
        layers.ResNetBackbone,
        {"num_layers": 18, "width": 4},
        [(2, 32, 32, 6)],
        [(2, 8, 8, 8), (2, 4, 4, 16), (2, 2, 2, 32)],
    ),
    (layers.SqueezeExcite, {"reduction": 2}, [(2, 8, 8, 4)], (2, 8, 8, 4)),
    (layers.StyledConv2D, {"filters": 6, "up": True}, [(2, 8, 8, 4), (2, 5)], (2, 16, 16, 6)),
    (layers.SymmetricConv2D, {"filters": 6, "kernel_size": 3, "strides": 2}, [(2, 7, 7, 4)], (2, 4, 4, 6)),
    (layers.ToRGB, {}, [(2, 8, 8, 4), (2, 5), (2, 4, 4, 3)], (2, 8, 8, 3)),
]


@pytest.mark.parametrize("cls, config, shapes, output_shape", CASES, ids=lambda x: getattr(x, "__name__", ""))
def test_layer(cls, config, shapes, output_shape, tmp_path):
    check_layer(cls, config, shapes, output_shape, tmp_path)


def test_a_wrong_shape_is_refused_by_name():
    with pytest.raises(ValueError, match=r"`styles` must have shape \(N, style_dim\), got \(2, 3, 5\)"):
        layers.ModulatedConv2D(4, 3)(np.zeros((2, 8, 8, 4)), np.zeros((2, 3, 5)))
    with pytest.raises(ValueError, match="`features` must be square"):
        layers.Map2Style(4)(np.zeros((2, 6, 6, 4)))
    with pytest.raises(ValueError, match="`resample`"):
        layers.ModulatedConv2D(4, 3, resample="sideways")


def test_random_noise_differs_between_samples_and_calls():
    layer = layers.NoiseInjection(seed=1)
    inputs = np.zeros((2, 8, 8, 1), "float32")
    layer(inputs)
    layer.strength.assign(1.0)
    first, second = np.array(layer(inputs, randomize=True)), np.array(layer(inputs, randomize=True))
    assert np.abs(first[0] - first[1]).max() > 0.1
    assert np.abs(first - second).max() > 0.1


def test_minibatch_stddev_sees_the_spread_of_a_group():
    layer = layers.MinibatchStddev(group_size=2)
    same = np.ones((2, 4, 4, 3), "float32")
    assert np.array(layer(same))[..., -1].max() < 1e-3
    assert np.array(layer(np.concatenate([same[:1], -same[:1]])))[..., -1].min() == pytest.approx(1.0, abs=1e-3)


def test_face_regions_are_those_of_the_published_losses():
    images = np.random.default_rng(0).normal(size=(1, 256, 256, 3)).astype("float32")
    np.testing.assert_array_equal(inner_face(images), images[:, 35:223, 32:220])
    assert shrink_to_256(np.zeros((1, 512, 512, 3), "float32")).shape == (1, 256, 256, 3)
    pooled = np.array(recognition_input(images, 112))
    # Bin i of 188 -> 112 covers floor(188 i / 112) to ceil(188 (i + 1) / 112).
    np.testing.assert_allclose(pooled[0, 1, 0], images[0, 36:39, 32:34].mean(axis=(0, 1)), rtol=1e-4, atol=1e-5)
