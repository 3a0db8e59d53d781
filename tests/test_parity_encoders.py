"""The encoders of later papers, of the published size, against what PyTorch computed, through the conversion."""

import pytest

from tests.parity import FULL_SIZE, NETWORK, check, converted_psp, golden_of, nhwc, pooled
from tests.synthetic_weights import synthetic_image

pytestmark = pytest.mark.heavy
MIDDLE = slice(96, 160)


def check_image(what, images, golden, target):
    check(f"{what}: image, pooled to 64", pooled(images, 4), nhwc(golden["image_pool64"]), target)
    check(f"{what}: image, middle", images[:, MIDDLE, MIDDLE], nhwc(golden["image_crop"]), target)


def test_e4e():
    golden, model = golden_of("e4e_256"), converted_psp("e4e_256", "Encoder4Editing")
    images = nhwc(synthetic_image(71, (2, 3, 256, 256)))
    for stage in (0, 5, 10):
        codes = model.encoder(images, stage=stage)
        check(f"e4e: stage {stage}", codes, golden[f"codes_stage_{stage}"], NETWORK)
    outputs, latents = model.translate(images, return_latents=True)
    check("e4e: latents", latents, golden["latents"], NETWORK)
    check_image("e4e", outputs, golden, NETWORK)


@pytest.mark.parametrize(
    "name, kind, seed, count, num_iterations",
    [
        ("restyle_psp_256", "BackboneEncoder", 73, 2, 3),
        ("restyle_e4e_256", "ProgressiveBackboneEncoder", 74, 2, 3),
        ("restyle_psp_resnet_256", "ResNetBackboneEncoder", 75, 2, 2),
        ("restyle_e4e_resnet_256", "ResNetProgressiveBackboneEncoder", 76, 1, 2),
    ],
)
def test_restyle(name, kind, seed, count, num_iterations):
    golden, model = golden_of(name), converted_psp(name, kind)
    average = model.decode(model.latent_average[None])
    check(f"{name}: average image", pooled(average, 4), nhwc(golden["average_pool64"]), NETWORK)
    images = nhwc(synthetic_image(seed, (count, 3, 256, 256)))
    steps = model.encode(images, num_iterations=num_iterations, return_all=True)
    for i, latents in enumerate(steps, 1):
        check(f"{name}: latents {i}", latents, golden[f"latents_{i}"], NETWORK if i == 1 else FULL_SIZE)
    outputs = model.decode(steps[-1])
    check(f"{name}: image, pooled to 64", pooled(outputs, 4), nhwc(golden[f"image_pool64_{len(steps)}"]), FULL_SIZE)
    check(f"{name}: image, middle", outputs[:, MIDDLE, MIDDLE], nhwc(golden["image_crop"]), FULL_SIZE)


def test_sam():
    golden, model = golden_of("sam_256"), converted_psp("sam_256")
    images = nhwc(synthetic_image(79, (1, 3, 256, 256)))
    for age in (10, 70):
        latents = model.encode(images, age=age)
        check(f"SAM: latents at {age}", latents, golden[f"latents_{age}"], NETWORK)
        outputs = pooled(model.decode(latents), 4)
        check(f"SAM: image at {age}, pooled to 64", outputs, nhwc(golden[f"image_pool64_{age}"]), NETWORK)
