"""Whole networks of the published size against what PyTorch computed, through the conversion.

The weights are rebuilt in memory by a rule (`synthetic_weights`), from the key lists in `tests/data/manifests`.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from psp_keras.losses import LPIPS, IdentityLoss, MoCoLoss, WNormLoss
from tests.helpers import relative_error
from tests.synthetic_weights import synthetic_image, synthetic_state_dict, synthetic_tensor
from weights_conversion.ir_networks import arcface_rows, make_arcface
from weights_conversion.lpips import make_perceptual_network, perceptual_rows
from weights_conversion.moco import make_moco, moco_rows, moco_state
from weights_conversion.psp import make_psp, psp_rows, set_latent_average
from weights_conversion.rows import apply_rows
from weights_conversion.stylegan2 import generator_rows, make_generator
from weights_conversion.torch_reader import CheckpointError

DATA = Path(__file__).parent / "data"
TOLERANCE = 1e-5


def state_of(name):
    return synthetic_state_dict(json.loads((DATA / "manifests" / f"{name}.json").read_text()))


def golden_of(name):
    return np.load(DATA / f"{name}.npz")


def nhwc(images):
    return np.transpose(images, (0, 2, 3, 1))


def pooled(images, factor):
    images = np.asarray(images)
    size = images.shape[1] // factor
    return images.reshape(-1, size, factor, size, factor, 3).mean(axis=(2, 4))


def converted_psp(name, kind="GradualStyleEncoder"):
    state = state_of(name)
    average = state.pop("latent_avg")
    model = make_psp(state, {"encoder_type": kind})
    apply_rows(model, psp_rows(model), state, given=[model.latent_average, model.generator.latent_average])
    set_latent_average(model, average)
    return model


def converted_generator(name):
    state = state_of(name)
    model = make_generator(state)
    apply_rows(model, generator_rows(model), state, given=[model.latent_average])
    return model


def converted_arcface(name):
    state = state_of(name)
    model = make_arcface(state)
    apply_rows(model, arcface_rows(model), state)
    return model


@pytest.fixture(scope="module")
def faces():
    return [nhwc(synthetic_image(seed, (2, 3, 256, 256))) for seed in (61, 62)]


def test_generator_32():
    golden, model = golden_of("stylegan2_32"), converted_generator("stylegan2_32_g_ema")
    assert relative_error(model.mapping(golden["z"]), golden["w"]) < TOLERANCE
    assert relative_error(model.synthesize(golden["w_plus"]), nhwc(golden["image"])) < TOLERANCE


@pytest.mark.parametrize(
    "golden, manifest, kind",
    [
        ("encoder_gradual_seg19_256", "psp_gradual_seg19_256", "GradualStyleEncoder"),
        ("encoder_into_w_256", "psp_into_w_256", "BackboneEncoderUsingLastLayerIntoW"),
        ("encoder_into_w_plus_256", "psp_into_w_plus_256", "BackboneEncoderUsingLastLayerIntoWPlus"),
    ],
)
def test_encoders(golden, manifest, kind):
    model = converted_psp(manifest, kind)
    images = nhwc(synthetic_image(41, (1, model.encoder.in_channels, 256, 256)))
    assert relative_error(model.encoder(images), golden_of(golden)["latents"]) < TOLERANCE


def test_psp_256():
    golden, model = golden_of("psp_256"), converted_psp("psp_256")
    images = nhwc(synthetic_image(51, (2, 3, 256, 256)))
    outputs, latents = model.translate(images, return_latents=True)
    assert relative_error(latents, golden["latents"]) < TOLERANCE
    assert relative_error(pooled(outputs, 4), golden["image_pool64"]) < TOLERANCE
    mixed = model.translate(images, range(8, 14), golden["injected"], alpha=0.5)
    assert relative_error(pooled(mixed, 4), nhwc(golden["mixed_pool64"])) < TOLERANCE
    masked = model.translate(images, range(8, 14))
    assert relative_error(pooled(masked, 4), nhwc(golden["masked_pool64"])) < TOLERANCE


def test_arcface_and_identity_loss(faces):
    golden, losses = golden_of("arcface_ir_se50"), golden_of("losses")
    model = converted_arcface("model_ir_se50")
    assert relative_error(model(nhwc(golden["x"])), golden["embedding"]) < TOLERANCE
    loss = IdentityLoss(model)
    assert relative_error(loss.similarity(*faces), losses["diff_target"]) < TOLERANCE
    assert relative_error(loss(*faces), losses["id"]) < TOLERANCE


def test_curricularface():
    model = converted_arcface("curricularface_ir101")
    images = nhwc(golden_of("arcface_ir_se50")["x"])
    assert relative_error(model(images), golden_of("curricularface_ir101")["embedding"]) < TOLERANCE


def test_moco(faces):
    golden, model = golden_of("moco"), make_moco()
    apply_rows(model, moco_rows(model), moco_state(state_of("moco_v2_resnet50")))
    for images, name in zip(faces, ("features_a", "features_b")):
        assert relative_error(model(images), golden[name]) < TOLERANCE
    assert relative_error(MoCoLoss(model)(*faces), golden["loss"]) < TOLERANCE


@pytest.mark.parametrize("name", ["vgg", "alex"])
def test_lpips(name, faces):
    golden = golden_of("losses")
    state = {key.split(".", 1)[1]: value for key, value in state_of(f"lpips_{name}").items()}
    model = make_perceptual_network(state)
    apply_rows(model, perceptual_rows(model, state), state)
    assert relative_error(model(*faces), golden[f"lpips_{name}_each"]) < TOLERANCE
    assert relative_error(LPIPS(model)(*faces), golden[f"lpips_{name}"]) < TOLERANCE
    if name == "vgg":
        assert relative_error(LPIPS(model, crop=True)(*faces), golden["lpips_vgg_crop"]) < TOLERANCE


def test_w_norm():
    latents = np.random.RandomState(63).randn(2, 14, 512).astype("float32")
    average = synthetic_tensor("latent_avg", (14, 512))
    assert relative_error(WNormLoss()(average[None], latents), golden_of("losses")["w_norm"]) < TOLERANCE


def test_leftovers_and_gaps_are_named():
    state = state_of("stylegan2_32_g_ema")
    model = make_generator(state)
    rows = list(generator_rows(model))
    given = [model.latent_average]
    with pytest.raises(CheckpointError, match="1 tensors are unknown, the first is extra"):
        apply_rows(model, rows, {**state, "extra": np.zeros(1)}, given)
    with pytest.raises(CheckpointError, match=r"the tensor conv1\.noise\.weight is missing"):
        apply_rows(model, rows, {key: x for key, x in state.items() if key != "conv1.noise.weight"}, given)
    with pytest.raises(CheckpointError, match=r"the file has no value for .*latent_average"):
        apply_rows(model, rows, state)
    with pytest.raises(CheckpointError, match=r"low-pass filter"):
        apply_rows(model, rows, {**state, "convs.0.conv.blur.kernel": np.ones((4, 4))}, given)
