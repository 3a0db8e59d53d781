import keras
import numpy as np
import pytest

from psp_keras.losses import LPIPS, IdentityLoss, LossTerm, PSPLoss, WNormLoss
from psp_keras.models import ArcFace, PerceptualNetwork
from tests.helpers import random_images


@pytest.fixture(scope="module")
def arcface():
    network = ArcFace(32, 16, 10, width=4)
    network.build()
    return network


@pytest.fixture(scope="module")
def perceptual():
    network = PerceptualNetwork(width=4)
    network.build()
    return network


def test_lpips_is_zero_for_equal_images_and_symmetric(perceptual):
    loss = LPIPS(perceptual)
    one, two = random_images(seed=1), random_images(seed=2)
    assert float(loss(one, one)) == pytest.approx(0, abs=1e-6)
    assert float(loss(one, two)) == pytest.approx(float(loss(two, one)), abs=1e-6)  # of features of norm 1
    assert float(loss(one, two)) > 0.01
    assert float(LPIPS(perceptual, crop=True)(one, two)) != float(loss(one, two))


def test_identity_loss_is_one_minus_the_cosine(arcface):
    loss = IdentityLoss(arcface)
    one, two = random_images(3, seed=1), random_images(3, seed=2)
    assert float(loss(one, one)) == pytest.approx(0, abs=1e-5)
    np.testing.assert_allclose(np.linalg.norm(loss.embed(one), axis=1), 1, rtol=1e-5)
    assert float(loss(one, two)) == pytest.approx(1 - np.array(loss.similarity(one, two)).mean(), abs=1e-6)


def test_w_norm_is_the_mean_norm_over_all_styles():
    latents = np.stack([np.ones((18, 512)), 2 * np.ones((18, 512))]).astype("float32")
    assert float(WNormLoss()(np.zeros((1, 18, 512), "float32"), latents)) == pytest.approx(1.5 * 96)


@pytest.mark.parametrize("name", ["lpips", "identity", "w_norm"])
def test_losses_serialise(name, arcface, perceptual):
    loss = {"lpips": LPIPS(perceptual, crop=True), "identity": IdentityLoss(arcface), "w_norm": WNormLoss()}[name]
    config = keras.saving.serialize_keras_object(loss)
    assert keras.saving.deserialize_keras_object(config).get_config() == loss.get_config()


def test_psp_loss_sums_its_terms(arcface, perceptual):
    loss = PSPLoss(1, 0.8, 0.1, 0.005, 0.01, 0.5, perceptual_network=perceptual, arcface=arcface)
    source, target, output = (random_images(seed=seed) for seed in range(3))
    latents = np.random.default_rng(0).normal(size=(2, 8, 16)).astype("float32")
    terms = {k: float(v) for k, v in loss(source, target, output, latents, np.zeros((8, 16), "float32")).items()}
    assert [tracker.name for tracker in loss.trackers] == [*["loss", *loss.weights], "id_improvement"]
    assert terms["l2"] == pytest.approx(float(np.mean((target - output) ** 2)), rel=1e-5)
    assert terms["loss"] == pytest.approx(sum(w * terms[name] for name, w in loss.weights.items()), rel=1e-5)


def test_further_terms_are_weighed_and_tracked():
    def darkness(batch):
        return keras.ops.mean(1.0 - batch.output, axis=(1, 2, 3))

    loss = PSPLoss(l2=1, lpips=0, id=0, terms=[LossTerm("darkness", 0.5, darkness)])
    source, target, output = (random_images(seed=seed) for seed in range(3))
    latents = np.zeros((2, 8, 16), "float32")
    terms = {name: float(value) for name, value in loss(source, target, output, latents, latents).items()}
    assert terms["darkness"] == pytest.approx(1 - output.mean(), abs=1e-6)
    assert terms["loss"] == pytest.approx(terms["l2"] + 0.5 * terms["darkness"], rel=1e-5)
    assert [tracker.name for tracker in loss.trackers] == ["loss", "l2", "darkness"]
    with pytest.raises(ValueError, match="names of their own"):
        PSPLoss(lpips=0, id=0, terms=[LossTerm("l2", 1, darkness)])


def test_missing_networks_are_named():
    with pytest.raises(ValueError, match="`perceptual_network` is missing"):
        PSPLoss(id=0)
    with pytest.raises(ValueError, match="`arcface` is missing"):
        PSPLoss(lpips=0)
    with pytest.raises(ValueError, match="at least one weight"):
        PSPLoss(0, 0, 0)
