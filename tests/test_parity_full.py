"""Whole networks of the published size against what PyTorch computed, through the conversion.

The weights are rebuilt in memory by a rule (`synthetic_weights`), from the key lists in `tests/data/manifests`. What a
test of a smaller network, or of a larger one that holds it, shows as well is left to `make parity`.
"""

import numpy as np
import pytest

from psp_keras.losses import LPIPS, IdentityLoss, MoCoLoss, WNormLoss
from tests.parity import (
    FULL_SIZE,
    LAYER,
    NETWORK,
    check,
    check_cosine,
    converted_arcface,
    converted_generator,
    converted_lpips,
    converted_moco,
    converted_psp,
    converted_stylegan1,
    golden_of,
    nhwc,
    pooled,
    state_of,
)
from tests.synthetic_weights import synthetic_image, synthetic_tensor
from weights_conversion.rows import apply_rows
from weights_conversion.stylegan2 import generator_rows, make_generator
from weights_conversion.torch_reader import CheckpointError


@pytest.fixture(scope="module")
def faces():
    return [nhwc(synthetic_image(seed, (2, 3, 256, 256))) for seed in (61, 62)]


def test_generator_32():
    golden, model = golden_of("stylegan2_32"), converted_generator("stylegan2_32_g_ema")
    check("StyleGAN2 32: w", model.mapping(golden["z"]), golden["w"], NETWORK)
    check("StyleGAN2 32: image", model.synthesize(golden["w_plus"]), nhwc(golden["image"]), NETWORK)
    model.latent_average.assign(golden["w"].mean(axis=0))
    check("StyleGAN2 32: truncated", model(golden["z"], truncation=0.7), nhwc(golden["truncated"]), NETWORK)
    first, second = model.map(golden["z"][:1]), model.map(golden["z"][1:])
    mixed = model.synthesize(model.style_mix(first, second, 4))
    check("StyleGAN2 32: mixed", mixed, nhwc(golden["mixed"]), NETWORK)


@pytest.mark.heavy
@pytest.mark.parametrize("resolution", [256, 1024])
def test_generator_full_size(resolution):
    golden, model = golden_of(f"stylegan2_{resolution}"), converted_generator(f"stylegan2_{resolution}_g_ema")
    images = np.asarray(model.synthesize(golden["w_plus"]), "float64")
    middle = slice(resolution // 2 - 32, resolution // 2 + 32)
    name = f"StyleGAN2 {resolution}"
    check(f"{name}: w", model.mapping(golden["z"]), golden["w"], NETWORK)
    check(f"{name}: image, pooled to 64", pooled(images, resolution // 64), nhwc(golden["image_pool64"]), NETWORK)
    check(f"{name}: image, middle", images[:, middle, middle], nhwc(golden["image_crop"]), NETWORK)
    check(f"{name}: image, mean", images.mean((1, 2)), golden["mean"], NETWORK)
    check(f"{name}: image, deviation", images.std((1, 2), ddof=1), golden["std"], NETWORK)


@pytest.mark.parametrize("resolution", [64, pytest.param(256, marks=pytest.mark.heavy)])
def test_the_original_stylegan(resolution):
    golden, model = golden_of(f"stylegan1_{resolution}"), converted_stylegan1(f"stylegan1_{resolution}")
    name = f"StyleGAN {resolution}"
    check(f"{name}: w", model.mapping(golden["z"]), golden["w"], NETWORK)
    truncated = model.style_mix(model.map(golden["z"], truncation=0.7), model.map(golden["z"]), 8)
    check(f"{name}: w+, 8 styles truncated", truncated, golden["wp"], NETWORK)
    images, middle = np.array(model.synthesize(truncated)), slice(resolution // 2 - 32, resolution // 2 + 32)
    check(f"{name}: image, pooled to 64", pooled(images, resolution // 64), nhwc(golden["image_pool64"]), NETWORK)
    check(f"{name}: image, middle", images[:, middle, middle], nhwc(golden["image_crop"]), NETWORK)


def heavy(*values):
    return pytest.param(*values, marks=pytest.mark.heavy)


@pytest.mark.parametrize(
    "golden, manifest, kind",
    [
        heavy("encoder_gradual_rgb_256", "psp_256", "GradualStyleEncoder"),
        heavy("encoder_gradual_seg19_256", "psp_gradual_seg19_256", "GradualStyleEncoder"),
        heavy("encoder_gradual_sketch_256", "psp_gradual_sketch_256", "GradualStyleEncoder"),
        ("encoder_into_w_256", "psp_into_w_256", "BackboneEncoderUsingLastLayerIntoW"),
        ("encoder_into_w_plus_256", "psp_into_w_plus_256", "BackboneEncoderUsingLastLayerIntoWPlus"),
    ],
)
def test_encoders(golden, manifest, kind):
    model = converted_psp(manifest, kind)
    images = nhwc(synthetic_image(41, (1, model.encoder.in_channels, 256, 256)))
    check(golden, model.encoder(images), golden_of(golden)["latents"], NETWORK)


@pytest.mark.parametrize(
    "name, resolution, target",
    [("psp_256", 256, NETWORK), heavy("psp_ffhq_encode", 1024, FULL_SIZE)],
)
def test_psp(name, resolution, target):
    golden, model = golden_of(name), converted_psp(name)
    assert model.generator.resolution == resolution
    images = nhwc(synthetic_image(51, (2, 3, 256, 256)))
    outputs, latents = model.translate(images, return_latents=True)
    check(f"{name}: latents", latents, golden["latents"], target)
    check(f"{name}: image", outputs, nhwc(golden["image"]), target)
    later = range(8, model.generator.num_styles)
    mixed = model.translate(images, later, golden["injected"], alpha=0.5)
    check(f"{name}: styles 8.. mixed", pooled(mixed, 4), nhwc(golden["mixed_pool64"]), target)
    zeroed = model.translate(images, later)
    check(f"{name}: styles 8.. zeroed", pooled(zeroed, 4), nhwc(golden["masked_pool64"]), target)


def test_arcface_and_identity_loss(faces):
    golden, losses = golden_of("arcface_ir_se50"), golden_of("losses")
    model = converted_arcface("model_ir_se50")
    check("ArcFace IR-SE50", model(nhwc(golden["x"])), golden["embedding"], NETWORK)
    loss = IdentityLoss(model)
    check("identity cosine", loss.similarity(*faces), losses["diff_target"], NETWORK)
    check_cosine("identity loss", loss(*faces), losses["id"], LAYER)


def test_curricularface():
    model = converted_arcface("curricularface_ir101")
    images = nhwc(golden_of("arcface_ir_se50")["x"])
    check("CurricularFace IR-101", model(images), golden_of("curricularface_ir101")["embedding"], NETWORK)


def test_moco(faces):
    golden, model = golden_of("moco"), converted_moco()
    for images, name in zip(faces, ("features_a", "features_b")):
        check(f"MoCo: {name}", model(images), golden[name], NETWORK)
    check_cosine("MoCo loss", MoCoLoss(model)(*faces), golden["loss"], LAYER)


@pytest.mark.parametrize("name", ["vgg", "alex"])
def test_lpips(name, faces):
    golden, model = golden_of("losses"), converted_lpips(name)
    check(f"LPIPS {name}: each", model(*faces), golden[f"lpips_{name}_each"], NETWORK)
    check(f"LPIPS {name}: mean", LPIPS(model)(*faces), golden[f"lpips_{name}"], NETWORK)
    if name == "vgg":
        check("LPIPS vgg: inner face", LPIPS(model, crop=True)(*faces), golden["lpips_vgg_crop"], NETWORK)


def test_w_norm():
    latents = np.random.RandomState(63).randn(2, 14, 512).astype("float32")
    average = synthetic_tensor("latent_avg", (14, 512))
    check("w-norm loss", WNormLoss()(average[None], latents), golden_of("losses")["w_norm"], NETWORK)


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
