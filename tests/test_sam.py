"""An encoder that is told an age, on a small network."""

import keras
import numpy as np
import pytest

from psp_keras import PSP
from psp_keras.models import GradualStyleEncoder, SAMEncoder
from tests.helpers import random_images, relative_error, tiny_generator


@pytest.fixture(scope="module")
def model():
    encoder = SAMEncoder(age=40, num_styles=8, style_dim=16, image_size=32, num_layers=10, width=4)
    return PSP(encoder, tiny_generator())


def test_the_age_is_the_last_channel_and_the_frozen_encoder_sees_none(model):
    images = random_images()
    seen = np.concatenate([images, np.full((2, 32, 32, 1), 0.1, "float32")], axis=-1)
    plain = GradualStyleEncoder(in_channels=4, num_styles=8, style_dim=16, image_size=32, num_layers=10, width=4)
    plain.build(plain.network_input_shape)
    frozen = {id(variable) for variable in model.encoder.pretrained.weights}
    plain.set_weights([variable for variable in model.encoder.weights if id(variable) not in frozen])
    expected = np.array(plain(seen)) + np.array(model.encoder.pretrained(images)) + np.array(model.latent_average)
    latents = np.array(model.encode(images, age=10))
    np.testing.assert_allclose(latents, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_ages_may_differ_between_pictures(model):
    images = random_images()
    both = np.array(model.encode(images, age=[10, 70]))
    for i, age in enumerate((10, 70)):
        alone = np.array(model.encode(images, age=age))[i]
        np.testing.assert_allclose(both[i], alone, rtol=1e-4, atol=1e-5 * np.abs(both).max())
    assert relative_error(model.encode(images, age=70), model.encode(images, age=10)) > 1e-4


def test_the_default_age_is_the_encoders(model):
    images = random_images()
    outputs = np.array(model(images))
    np.testing.assert_allclose(model.translate(images, age=40), outputs, rtol=1e-3, atol=1e-4)


def test_the_frozen_encoder_stays_so(model, tmp_path):
    model.save_to_preset(tmp_path / "preset")
    model.save(tmp_path / "model.keras")
    outputs = np.array(model(random_images()))
    loaded = PSP.from_preset(tmp_path / "preset"), keras.saving.load_model(tmp_path / "model.keras")
    for one in (model, *loaded):
        assert one.encoder.age == 40 and not one.encoder.pretrained.trainable_variables
        assert one.encoder.trainable_variables
        np.testing.assert_allclose(one(random_images()), outputs, rtol=1e-3, atol=1e-4)


def test_wrong_ages_are_refused(model):
    with pytest.raises(ValueError, match="`age` must be from 0 to 100 years, got 500"):
        model.encode(random_images(), age=500)
    with pytest.raises(ValueError, match=r"`age` must have shape \(2\), got \(3,\)"):
        model.encode(random_images(), age=[1, 2, 3])
    with pytest.raises(ValueError, match="`num_iterations` means nothing to the encoder, a SAMEncoder"):
        model.encode(random_images(), num_iterations=2)
