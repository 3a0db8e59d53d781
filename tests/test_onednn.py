"""What runs differently on TensorFlow's CPU gives what the plain operations give."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from psp_keras.layers import BatchNormalization, IRBlock, StyledConv2D
from psp_keras.models import PerceptualNetwork
from psp_keras.ops.fir import depth_to_space_2x, fold_up_kernel, up_conv
from psp_keras.ops.onednn import conv, portable_graph

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's own")


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("up", [True, False])
def test_fused_style_blocks_do_what_plain_ones_do(up, frozen, monkeypatch):
    layer = StyledConv2D(6, up=up)
    inputs = random((2, 8, 8, 4), (2, 16))
    layer(*inputs)
    layer.noise.strength.assign(0.5)
    layer.trainable = not frozen
    check_fused(lambda: layer(*inputs), inputs, layer, monkeypatch)


@pytest.mark.parametrize("training, frozen", [(True, False), (False, False), (False, True)])
def test_fused_residual_blocks_do_what_plain_ones_do(training, frozen, monkeypatch):
    block = IRBlock(8, strides=2)
    inputs = random((2, 8, 8, 4))
    block(*inputs)
    for variable, value in zip(block.trainable_variables, random(*(v.shape for v in block.trainable_variables))):
        variable.assign(variable + 0.1 * value)
    block.trainable = not frozen
    check_fused(lambda: block(*inputs, training=training), inputs, block, monkeypatch)


def test_fused_lpips_is_what_the_plain_one_is(monkeypatch):
    network = PerceptualNetwork("alexnet", width=16)
    inputs = random((2, 64, 64, 3), (2, 64, 64, 3))
    network(*inputs)
    network.trainable = False
    check_fused(lambda: network(*inputs), inputs, network, monkeypatch)


def test_batch_normalization_is_that_of_keras():
    (images,) = random((4, 8, 8, 6))
    ours, theirs = BatchNormalization(), keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
    for training in (True, False):
        np.testing.assert_allclose(ours(images, training=training), theirs(images, training=training), atol=1e-5)
    for one, other in zip(ours.variables, theirs.variables):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6, err_msg=one.path)


def random(*shapes):
    rng = np.random.default_rng(0)
    return [keras.ops.convert_to_tensor(rng.normal(size=shape), "float32") for shape in shapes]


def check_fused(call, inputs, layer, monkeypatch):
    """Compares outputs and gradients of a call with those that it has where nothing is fused."""
    import tensorflow as tf

    def run():
        variables = [variable.value for variable in layer.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = call()
            loss = tf.reduce_mean(outputs**2 * tf.reshape(tf.range(tf.size(outputs), dtype=tf.float32), outputs.shape))
        return [outputs, *tape.gradient(loss, [*inputs, *variables])]

    plain = run()
    monkeypatch.setattr("psp_keras.ops.onednn._WORTH_FUSING", 1)
    fused = tf.function(run)()
    assert len(plain) == 1 + len(inputs) + len(layer.trainable_variables)
    for one, other in zip(plain, fused, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-4 * float(tf.reduce_max(tf.abs(one))))


def test_both_ways_of_upsampling_agree():
    rng = np.random.default_rng(0)
    x, kernel = (keras.ops.convert_to_tensor(rng.normal(size=s), "float32") for s in ((2, 5, 6, 4), (3, 3, 4, 7)))
    folded = depth_to_space_2x(keras.ops.conv(x, fold_up_kernel(kernel), padding="same"), 7)
    np.testing.assert_allclose(up_conv(x, kernel), folded, rtol=1e-4, atol=1e-5)


def test_convolutions_are_plain_ones_and_so_are_their_gradients():
    import tensorflow as tf

    inputs = random((2, 5, 6, 4), (3, 3, 4, 7))
    results = []
    for convolve in (conv, lambda x, kernel: keras.ops.conv(x, kernel, padding="same")):
        with tf.GradientTape() as outer:
            outer.watch(inputs)
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                outputs = convolve(*inputs)
                loss = tf.reduce_sum(outputs**3)
            gradients = tape.gradient(loss, inputs)
            length = tf.reduce_sum(gradients[0] ** 2)
        results.append([outputs, *gradients, *outer.gradient(length, inputs)])
    for ours, plain in zip(*results, strict=True):
        np.testing.assert_allclose(ours, plain, atol=1e-5 * float(tf.reduce_max(tf.abs(plain))))


def test_an_export_changes_nothing_for_other_threads():
    import tensorflow as tf

    def operations():
        shapes = [tf.TensorSpec(shape, tf.float32) for shape in ((1, 8, 8, 4), (3, 3, 4, 4))]
        return {operation.type for operation in tf.function(conv).get_concrete_function(*shapes).graph.get_operations()}

    with portable_graph(), ThreadPoolExecutor(1) as pool:
        assert "Conv3D" not in operations()
        assert "Conv3D" in pool.submit(operations).result()
    assert "Conv3D" in operations()


def test_onednn_runs_its_fast_kernels_without_avx512():
    """For one image and for 257, 513 and 1025 pixels it chooses slow ones, where it is asked plainly."""
    code = """
import numpy as np
from psp_keras.ops.fir import up_conv
from psp_keras.ops.onednn import conv
from psp_keras.ops.fir import up_conv
conv(np.ones((1, 32, 32, 16), "float32"), np.ones((3, 3, 16, 16), "float32"))
up_conv(np.ones((1, 512, 512, 64), "float32"), np.ones((3, 3, 64, 32), "float32"))
"""
    settings = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ONEDNN_VERBOSE": "1", "KERAS_BACKEND": "tensorflow"}
    run = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True, check=True
    )
    chosen = [line.split(",") for line in run.stdout.splitlines() if ",exec,cpu,convolution," in line]
    assert ["brg" in fields[fields.index("convolution") + 1] for fields in chosen[:2]] == [True, True], run.stdout
