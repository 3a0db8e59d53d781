"""The encoders of later papers, of the published size, against what PyTorch computed, through the conversion."""

import pytest

from tests.parity import NETWORK, check, converted_psp, golden_of, nhwc, pooled
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
