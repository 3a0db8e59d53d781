"""An encoder that looks at what it has drawn, on a small network."""

import keras
import numpy as np
import pytest

from psp_keras import PSP
from psp_keras.models import ReStyleEncoder
from tests.helpers import random_images, relative_error, tiny_generator


def tiny_restyle(image_size=32, **options):
    settings = {"num_styles": 8, "style_dim": 16, "num_layers": 10, "width": 4, **options}
    return PSP(ReStyleEncoder(image_size=image_size, **settings), tiny_generator())


@pytest.fixture(scope="module")
def model():
    return tiny_restyle(num_iterations=3)


def test_every_iteration_corrects_what_was_drawn(model):
    images = random_images()
    steps = model.encode(images, num_iterations=3, return_all=True)
    latents = np.broadcast_to(np.array(model.latent_average), (2, 8, 16))
    for step in steps:
        pairs = np.concatenate([images, np.array(model.decode(latents))], axis=-1)
        latents = latents + np.array(model.encoder(pairs))
        np.testing.assert_allclose(step, latents, rtol=1e-4, atol=1e-4 * np.abs(latents).max())
    assert relative_error(steps[1], steps[0]) > 1e-3
    one = model.encode(images, num_iterations=1)
    np.testing.assert_allclose(one, steps[0], rtol=1e-4, atol=1e-5 * np.abs(latents).max())


def test_the_default_number_of_iterations_is_the_encoders(model):
    images = random_images()
    outputs, latents = model.translate(images, return_latents=True)
    last = np.array(model.encode(images, num_iterations=3))
    np.testing.assert_allclose(latents, last, rtol=1e-4, atol=1e-5 * np.abs(last).max())
    np.testing.assert_allclose(model(images), outputs, rtol=1e-3, atol=1e-4)
    fewer = model.translate(images, num_iterations=1)
    assert relative_error(fewer, outputs) > 1e-4


def test_the_average_is_drawn_once_and_for_one(model, monkeypatch):
    counts, decode = [], model.decode
    monkeypatch.setattr(model, "decode", lambda latents: counts.append(latents.shape[0]) or decode(latents))
    model.encode(random_images(4), num_iterations=3)
    assert counts == [1, 4, 4]


def test_drawings_are_pooled_to_the_encoders_pictures():
    encoder = ReStyleEncoder(10, style_dim=16, image_size=32, num_layers=10, width=4)
    model = PSP(encoder, tiny_generator(64))
    images = random_images()
    drawn = np.array(model.decode(model.latent_average[None])).reshape(1, 32, 2, 32, 2, 3).mean(axis=(2, 4))
    pairs = np.concatenate([images, np.broadcast_to(drawn, images.shape)], axis=-1)
    expected = np.array(model.encoder(pairs)) + np.array(model.latent_average)
    actual = model.encode(images, num_iterations=1)
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_presets_and_keras_files_keep_it(model, tmp_path):
    outputs = np.array(model(random_images()))
    model.save_to_preset(tmp_path / "preset")
    model.save(tmp_path / "model.keras")
    for loaded in (PSP.from_preset(tmp_path / "preset"), keras.saving.load_model(tmp_path / "model.keras")):
        assert loaded.encoder.num_iterations == 3
        np.testing.assert_allclose(loaded(random_images()), outputs, rtol=1e-3, atol=1e-4)


def test_wrong_numbers_are_refused(model):
    with pytest.raises(ValueError, match="`num_iterations` must be a whole number"):
        model.encode(random_images(), num_iterations=0)
    with pytest.raises(ValueError, match="`age` means nothing to the encoder, a ReStyleEncoder"):
        model.encode(random_images(), age=30)
