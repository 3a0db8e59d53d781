"""What runs differently on TensorFlow's CPU gives what the plain operations give."""

import keras
import numpy as np
import pytest

from psp_keras.layers import StyledConv2D
from psp_keras.layers.fir import depth_to_space_2x, fold_up_kernel, up_conv

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's own")


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("up", [True, False])
def test_fused_layers_have_the_outputs_and_gradients_of_plain_ones(up, frozen, monkeypatch):
    import tensorflow as tf

    layer = StyledConv2D(6, up=up)
    rng = np.random.default_rng(0)
    features, styles = (tf.constant(rng.normal(size=shape), tf.float32) for shape in ((2, 8, 8, 4), (2, 16)))
    layer(features, styles)
    layer.noise.strength.assign(0.5)
    layer.trainable = not frozen

    def run(features, styles):
        variables = [variable.value for variable in layer.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch([features, styles])
            outputs = layer(features, styles)
            loss = tf.reduce_mean(outputs**2 * tf.reshape(tf.range(tf.size(outputs), dtype=tf.float32), outputs.shape))
        return [outputs, *tape.gradient(loss, [features, styles, *variables])]

    plain = run(features, styles)
    monkeypatch.setattr("psp_keras.layers.onednn._WORTH_FUSING", 1)
    fused = tf.function(run)(features, styles)
    assert len(plain) == (3 if frozen else 3 + len(layer.trainable_variables))
    for one, other in zip(plain, fused, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-4 * float(tf.reduce_max(tf.abs(one))))


def test_both_ways_of_upsampling_agree():
    rng = np.random.default_rng(0)
    x, kernel = (keras.ops.convert_to_tensor(rng.normal(size=s), "float32") for s in ((2, 5, 6, 4), (3, 3, 4, 7)))
    folded = depth_to_space_2x(keras.ops.conv(x, fold_up_kernel(kernel), padding="same"), 7)
    np.testing.assert_allclose(up_conv(x, kernel), folded, rtol=1e-4, atol=1e-5)
