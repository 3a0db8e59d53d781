"""SeFa against what encoder4editing's code computed on the published generator's sizes."""

import json

import numpy as np
import pytest

from psp_keras.editing import sefa
from psp_keras.editing.sefa_directions import factorize, style_kernels
from psp_keras.errors import UserError
from tests.helpers import tiny_generator
from tests.parity import DATA, check, check_figure, converted_generator, golden_of
from tests.synthetic_weights import synthetic_tensor

RANGES = {"all": range(14), "2345": [2, 3, 4, 5]}


def published_kernels(styles):
    """The style weights of the golden's generator, whose layer `i` is `conv1` or `convs[i - 1]`."""
    manifest = json.loads((DATA / "manifests" / "stylegan2_256_g_ema.json").read_text())
    keys = [f"{f'convs.{style - 1}' if style else 'conv1'}.conv.modulation.weight" for style in styles if style < 13]
    return [synthetic_tensor(key, manifest[key]).T for key in keys]


@pytest.mark.parametrize("which", RANGES)
def test_agrees_with_the_published_code(which):
    golden = golden_of("sefa_256")
    values, vectors = factorize(published_kernels(RANGES[which]))
    check(f"SeFa: values, {which}", values[:8], golden[f"values_{which}"], 1e-5)
    cosines = np.abs(np.sum(vectors[:8] * golden[f"vectors_{which}"], axis=1))
    check_figure(f"SeFa: 1 - cosine, {which}", 1 - cosines.min(), 1e-6)


@pytest.mark.heavy
def test_takes_the_same_weights_from_a_generator():
    generator = converted_generator("stylegan2_256_g_ema")
    for styles in RANGES.values():
        for ours, theirs in zip(style_kernels(generator, styles), published_kernels(styles), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_finds_what_moves_the_styles_most():
    generator = tiny_generator()
    rng = np.random.default_rng(0)
    wanted = rng.normal(size=16)
    wanted /= np.linalg.norm(wanted)
    for layer in (generator.synthesis.up_convs[0], generator.synthesis.convs[1]):  # styles 1 and 2
        kernel = layer.conv.modulation.kernel
        kernel.assign(np.outer(wanted, rng.normal(size=16)) * 10 + rng.normal(size=kernel.shape))
    directions = sefa(generator, styles=[2, 1], num_directions=3, name="tiny")
    assert list(directions) == ["sefa_1-2_1", "sefa_1-2_2", "sefa_1-2_3"]
    first = directions["sefa_1-2_1"]
    assert abs(first.step @ wanted) > 0.99
    assert first.styles == (1, 2) and first.generator.name == "tiny" and first.method == "sefa"
    assert 0 < first.range[1] == -first.range[0]


def test_mistakes_are_named():
    generator = tiny_generator()
    for options, message in (
        ({"styles": [8]}, "`styles` must list styles from 0 to 7"),
        ({"styles": [7]}, "`styles` names 7 alone, which only colours"),
        ({"num_directions": 17}, "`num_directions` must be a whole number from 1 to 16"),
    ):
        with pytest.raises(UserError, match=message):
            sefa(generator, **options)
