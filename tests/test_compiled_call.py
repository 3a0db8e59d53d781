"""What is called eagerly runs compiled, and remains right when the network changes."""

import copy

import keras
import numpy as np
import pytest

from psp_keras import PSP
from psp_keras.models import compiled_call
from tests.helpers import random_images, tiny_generator, tiny_psp_into_w

if keras.backend.backend() == "torch":
    pytest.skip("PyTorch runs operation by operation", allow_module_level=True)


@pytest.fixture
def compilations(monkeypatch):
    """The names of the networks, in the order in which they are compiled; on TensorFlow, once for each trace."""
    names, compile_one = [], compiled_call._compile

    def count(network, function, signature):
        def traced(*inputs):
            names.append(network.name)
            return function(*inputs)

        return compile_one(network, traced, signature)

    monkeypatch.setattr(compiled_call, "_compile", count)
    return names


def plain(network, *inputs, **flags):
    return type(network).call.__wrapped__(network, *map(keras.ops.convert_to_tensor, inputs), **flags)


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_every_network_is_compiled_once_and_draws_what_it_drew(compilations):
    model = tiny_psp_into_w()
    for count in (4, 4, 3, 7) if keras.backend.backend() == "tensorflow" else (4, 4):
        images = random_images(count)
        latents = np.array(model.encode(images))
        codes = np.array(plain(model.encoder, images))[:, None] + np.array(model.latent_average)
        close(latents, codes)
        close(np.array(model.translate(images)), np.array(plain(model.generator.synthesis, latents)))
    assert sorted(compilations) == sorted([model.encoder.name, "mapping", "synthesis"])  # the mapping for the average
    z = np.random.default_rng(0).normal(size=(2, 16)).astype("float32")
    close(np.array(model.generator(z)), np.array(plain(model.generator.synthesis, model.map(z))))
    assert compilations[3:] == ["mapping"]  # frozen since


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX compiles single operations too")
def test_the_first_picture_does_not_wait_for_a_compilation(compilations):
    model = tiny_psp_into_w()
    compilations.clear()
    first = np.array(model.translate(random_images(1)))
    assert not compilations
    close(np.array(model.translate(random_images(1))), first)
    assert len(compilations) == 2


def test_changed_weights_are_seen():
    model, images = tiny_psp_into_w(), random_images()
    before = np.array(model.translate(images))
    kernel = model.generator.synthesis.convs[-1].conv.kernel
    kernel.assign(-kernel)
    after = np.array(model.translate(images))
    assert np.abs(after - before).max() > 1e-2 * np.abs(before).max()
    close(after, np.array(plain(model.generator.synthesis, model.encode(images))))


def test_training_moves_the_statistics_and_is_no_inference():
    encoder, images = tiny_psp_into_w().encoder, random_images()
    before = [np.array(variable) for variable in encoder.non_trainable_variables]
    inference, training = np.array(encoder(images)), np.array(encoder(images, training=True))
    assert not np.allclose(inference, training, rtol=1e-2)
    moved = [not np.array_equal(old, new) for old, new in zip(before, encoder.non_trainable_variables)]
    assert moved and all(moved)


def test_fresh_noise_is_fresh_at_every_call():
    model = tiny_psp_into_w()
    for layer in model.generator.synthesis.convs:
        layer.noise.strength.assign(1.0)
    latents = model.encode(random_images())
    stored, one, other = (np.array(model.decode(latents, randomize_noise=fresh)) for fresh in (False, True, True))
    assert np.abs(one - other).max() > 1e-2 and np.abs(one - stored).max() > 1e-2
    np.testing.assert_array_equal(model.decode(latents), stored)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="asks a tape")
def test_a_thawed_network_has_all_its_gradients():
    import tensorflow as tf

    model = tiny_psp_into_w()
    latents = model.encode(random_images())
    model.decode(latents)  # compiled while it is frozen
    model.generator.trainable = True
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model.decode(latents)))
    weights = model.generator.synthesis.trainable_variables
    assert all(gradient is not None for gradient in tape.gradient(loss, [weight.value for weight in weights]))


def test_replaced_weights_are_used():
    model, images = tiny_psp_into_w(), random_images()
    encoded = np.array(model.encode(images))
    zeros = [(variable, keras.ops.zeros_like(variable)) for variable in model.encoder.variables]
    with keras.StatelessScope(state_mapping=zeros):
        replaced = np.array(model.encode(images))
    assert np.abs(replaced - encoded).max() > 1e-2 * np.abs(encoded).max()


def test_a_model_that_was_called_is_saved_and_copied(tmp_path):
    model, images = tiny_psp_into_w(), random_images()
    drawn = np.array(model.translate(images))
    model.save(tmp_path / "model.keras")
    model.save_to_preset(tmp_path / "preset")
    copies = [
        keras.saving.load_model(tmp_path / "model.keras"),
        PSP.from_preset(tmp_path / "preset"),
        copy.deepcopy(model),
        PSP.from_config(model.get_config()),
    ]
    copies[-1].set_weights(model.get_weights())
    for one in copies:
        assert compiled_call._FUNCTIONS not in vars(one.encoder)
        close(np.array(one.translate(images)), drawn)


def test_generators_of_one_shape_do_not_share_functions():
    latents = random_images()[:, :8, :16, 0]
    one, other = (np.array(tiny_generator().synthesize(latents)) for _ in range(2))
    assert np.abs(one - other).max() > 1e-2
