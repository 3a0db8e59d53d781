"""Generators of the layers of two."""

import numpy as np
import pytest

from psp_keras.cli import main
from psp_keras.data import read_image
from psp_keras.errors import UserError
from psp_keras.models import Generator, StyleGAN1Generator, StyleGAN2Generator, blend
from tests.helpers import TINY, tiny_generator, tiny_psp_into_w

SIZES = (4, 8, 16, 32)


def filled(cls, value):
    """A generator of 32 pixels, all of whose weights are one number."""
    generator = cls(32, num_mapping_layers=2, **TINY)
    generator.build()
    for weight in generator.weights:
        weight.assign(np.full(weight.shape, value, "float32"))
    return generator


def values_at(generator, size):
    """`(learned weights, noise images)` at one resolution: the numbers found in them."""
    weights = generator.synthesis.weights_at(size)
    found = [{float(x) for w in weights if (w.name == "noise") == is_noise for x in np.ravel(w)} for is_noise in (0, 1)]
    return [sorted(values) for values in found]


@pytest.mark.parametrize("cls", [StyleGAN1Generator, StyleGAN2Generator])
def test_layers_come_from_one_below_a_resolution_and_from_the_other_above(cls):
    coarse, fine = filled(cls, 1), filled(cls, 2)
    blended = blend(coarse, fine, 16)
    assert type(blended) is cls
    assert [values_at(blended, size) for size in SIZES] == [[[1], [1]], [[1], [1]], [[2], [2]], [[2], [2]]]
    for weight in (*blended.mapping.weights, blended.latent_average):
        assert (np.array(weight) == 1).all()
    assert values_at(coarse, 16) == [[1], [1]], "the generators themselves stay"


@pytest.mark.parametrize("cls", [StyleGAN1Generator, StyleGAN2Generator])
def test_every_weight_of_the_synthesis_belongs_to_one_resolution(cls):
    network = filled(cls, 0).synthesis
    weights = [id(weight) for size in SIZES for weight in network.weights_at(size)]
    assert sorted(weights) == sorted(id(weight) for weight in network.weights)


def test_a_gradual_change_follows_a_sigmoid_and_never_mixes_noise_images():
    blended = blend(filled(StyleGAN2Generator, 1), filled(StyleGAN2Generator, 2), 16, gradual=0.5)
    shares = [1 / (1 + np.exp(-(octaves + 0.5) / 0.5)) for octaves in (-2, -1, 0, 1)]
    for size, share, noise in zip(SIZES, shares, (1, 1, 2, 2)):
        (learned,), noises = values_at(blended, size)
        assert learned == pytest.approx(1 + share, abs=1e-6) and noises == [noise]


def test_a_narrow_gradual_change_is_the_whole_one():
    coarse, fine = filled(StyleGAN2Generator, 1), filled(StyleGAN2Generator, 2)
    narrow, whole = blend(coarse, fine, 8, gradual=1e-3), blend(coarse, fine, 8)
    for one, other in zip(narrow.weights, whole.weights):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "fine, options, message",
    [
        (
            lambda: filled(StyleGAN1Generator, 1),
            {},
            "`coarse` is a StyleGAN2Generator of 32 pixels .* `fine` a StyleGAN1",
        ),
        (lambda: tiny_generator(16), {}, "`fine` a StyleGAN2Generator of 16 pixels"),
        (lambda: tiny_generator(channel_max=8), {}, "they must be of one shape"),
        (tiny_generator, {"from_resolution": 4}, "`from_resolution` must be one of 8, 16, 32, got 4"),
        (tiny_generator, {"from_resolution": 64}, "`from_resolution` must be one of 8, 16, 32, got 64"),
        (tiny_generator, {"gradual": 0.0}, "`gradual` must be a number above 0"),
    ],
)
def test_mistakes_are_named(fine, options, message):
    with pytest.raises(UserError, match=message):
        blend(tiny_generator(), fine(), **{"from_resolution": 16, **options})


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("blend")
    for name, seed in (("photos", 0), ("cartoons", 1)):
        generator = tiny_generator()
        generator.estimate_latent_average(16, seed)
        generator.save_to_preset(folder / name)
    tiny_psp_into_w().save_to_preset(folder / "psp")
    tiny_generator(16).save_to_preset(folder / "small")
    return folder


def test_the_command_writes_a_preset_and_a_sheet(presets, tmp_path, capsys):
    inputs = [str(presets / name) for name in ("cartoons", "photos")]
    command = ["blend", *inputs, "--from", "16", "--output", str(tmp_path / "toon"), "--gradual", "0.5"]
    assert main([*command, "--sheet", str(tmp_path / "sheet.png")]) == 0
    assert "cartoons below 16 pixels, then" in capsys.readouterr().out
    expected = blend(*map(Generator.from_preset, inputs), 16, gradual=0.5)
    written = Generator.from_preset(tmp_path / "toon")
    for one, other in zip(written.weights, expected.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert read_image(tmp_path / "sheet.png", 64).std() > 0


def test_the_generator_of_a_psp_can_be_blended(presets, tmp_path):
    inputs = [str(presets / name) for name in ("psp", "photos")]
    assert main(["blend", *inputs, "--from", "8", "--output", str(tmp_path / "toon")]) == 0


@pytest.mark.parametrize(
    "inputs, options, message",
    [
        (("photos", "small"), {}, "COARSE is a StyleGAN2Generator of 32 pixels"),
        (("photos", "cartoons"), {"--from": "64"}, "--from must be one of 8, 16, 32, got 64"),
        (("photos", "cartoons"), {"--from": "12"}, "--from must be one of 8, 16,"),
        (("photos", "cartoons"), {"--output": "photos"}, "choose another --output"),
    ],
)
def test_mistakes_of_the_command_get_one_line(inputs, options, message, presets, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(presets)
    options = {"--from": "16", "--output": str(tmp_path / "toon"), **options}
    assert main(["blend", *inputs, *(word for pair in options.items() for word in pair)]) == 2
    error = capsys.readouterr().err
    assert message in error and len(error.splitlines()) == 1
    assert not (tmp_path / "toon").exists()
