"""The original StyleGAN: files of genforce's, and the generator wherever a StyleGAN2 can stand."""

import json

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from keras import ops

from psp_keras import PSP
from psp_keras.cli import main
from psp_keras.data import write_image
from psp_keras.editing import sefa
from psp_keras.models import EncoderIntoW, Generator, PresetModel, StyleGAN1Generator, StyleGAN2Generator
from psp_keras.ops.repeat_and_blur import blur, repeat_conv
from psp_keras.serving import export
from tests.helpers import TINY, random_images, relative_error, tiny_encoder, tiny_generator
from tests.parity import DATA, stylegan1_tensor
from tests.torch_files import FakeModules, write_zip
from weights_conversion.convert import recognise


@pytest.fixture(scope="module")
def small_state():
    """The 64-pixel file with a sixteenth of the channels."""

    def shrunk(shape):
        return [size // 16 if size >= 256 else size for size in shape]

    manifest = json.loads((DATA / "manifests" / "stylegan1_64.json").read_text())
    return {key: stylegan1_tensor(key, shrunk(shape)) for key, shape in manifest.items()}


@pytest.fixture
def modules(monkeypatch):
    return FakeModules(monkeypatch)


def test_doubling_repeats_convolves_and_blurs():
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(2, 5, 6, 3)).astype("float32"), rng.normal(size=(3, 3, 3, 4)).astype("float32")
    repeated = ops.conv(x.repeat(2, axis=1).repeat(2, axis=2), kernel, padding="same")
    np.testing.assert_allclose(repeat_conv(x, kernel), repeated, rtol=1e-4, atol=1e-5)
    taps = (np.outer([1, 2, 1], [1, 2, 1]) / 16).astype("float32")[:, :, None, None].repeat(3, axis=2)
    np.testing.assert_allclose(blur(ops.convert_to_tensor(x)), ops.depthwise_conv(x, taps, padding="same"), atol=1e-6)


@pytest.mark.parametrize(
    "wrap, described",
    [
        (lambda state, other: state, "StyleGAN"),
        (lambda state, other: {"generator": other, "generator_smooth": state}, "StyleGAN, generator_smooth"),
        (lambda state, other: {"models": {"generator": state}, "running_metadata": {}}, "StyleGAN, generator"),
    ],
)
def test_a_file_of_genforces_becomes_a_preset(wrap, described, small_state, modules, tmp_path, capsys):
    other = {key: np.zeros_like(value) for key, value in small_state.items()}
    path = tmp_path / "stylegan_ffhq.pth"
    write_zip(path, wrap(small_state, other), modules)
    assert main(["convert", str(path), "--describe"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"{path}: {described}"
    assert main(["convert", str(path), "--output", str(tmp_path / "preset")]) == 0
    assert "StyleGAN1Generator" in capsys.readouterr().out
    model = Generator.from_preset(tmp_path / "preset")
    assert type(model) is StyleGAN1Generator
    assert (model.resolution, model.style_dim, model.channel_base, model.channel_max) == (64, 32, 1024, 32)
    np.testing.assert_array_equal(model.latent_average, small_state["truncation.w_avg"])


@pytest.mark.parametrize(
    "change, message",
    [
        ({"mapping.label_weight": np.ones((3, 32), "float32")}, "it is class-conditional"),
        ({"synthesis.layer0.const": None}, "does not begin with a learned constant"),
        ({"synthesis.lod": np.float32(2.5)}, "its training was at level of detail 2.5"),
        ({"synthesis.layer2.blur.kernel": np.ones((32, 1, 3, 3), "float32")}, "its low-pass filter is not [1, 2, 1]"),
        ({"synthesis.layer3.style.bias": None}, "the tensor synthesis.layer3.style.bias is missing"),
        ({"surprise": np.ones(3, "float32")}, "1 tensors are unknown, the first is surprise"),
        ({"synthesis.layer3.bias": np.ones(7, "float32")}, "synthesis.layer3.bias has shape (7,), which does not fit"),
    ],
)
def test_files_that_do_not_fit_get_one_line(change, message, small_state, modules, tmp_path, capsys):
    state = {key: value for key, value in (small_state | change).items() if value is not None}
    state = {key: np.asarray(value) for key, value in state.items()}
    write_zip(tmp_path / "g.pth", state, modules)
    assert main(["convert", str(tmp_path / "g.pth"), "--output", str(tmp_path / "preset")]) == 2
    error = capsys.readouterr().err
    assert message in error and "g.pth" in error and len(error.splitlines()) == 1
    assert not (tmp_path / "preset").exists()


def test_its_discriminator_is_refused(small_state, modules, tmp_path, capsys):
    write_zip(tmp_path / "g.pth", {"generator": small_state, "discriminator": {}}, modules)
    command = ["convert", str(tmp_path / "g.pth"), "--part", "discriminator", "--output", str(tmp_path / "preset")]
    assert main(command) == 2
    assert "holds no discriminator that psp_keras knows" in capsys.readouterr().err


def test_other_networks_of_genforces_are_not_taken_for_it():
    assert recognise({"synthesis.layer0.weight": 1, "synthesis.early_layer.const": 2}) is None
    assert recognise({"models": 1}) is None and recognise({"generator": {"a": 1}}) is None


@pytest.fixture(scope="module")
def generator():
    generator = StyleGAN1Generator(32, num_mapping_layers=2, **TINY)
    generator.build()
    generator.estimate_latent_average(64)
    for block in generator.synthesis.blocks:
        block.noise.strength.assign(keras.random.normal(block.noise.strength.shape, seed=1))
    return generator


@pytest.fixture(scope="module")
def preset(generator, tmp_path_factory):
    """A pSp with this generator, as a preset; and the generator's own beside it."""
    folder = tmp_path_factory.mktemp("stylegan1")
    generator.save_to_preset(folder / "generator")
    encoder = EncoderIntoW(style_dim=16, image_size=32, num_layers=10, width=4)  # the quickest to trace
    PSP(encoder, generator).save_to_preset(folder / "psp")
    return folder / "psp"


def test_random_noise_changes_the_image_and_stored_noise_does_not(generator):
    latents = generator.map(np.ones((1, 16), "float32"))
    stored = [np.array(generator.synthesize(latents)) for _ in range(2)]
    random = [np.array(generator.synthesize(latents, randomize_noise=True)) for _ in range(2)]
    np.testing.assert_array_equal(*stored)
    assert np.abs(random[0] - random[1]).max() > 1e-3


def test_every_style_has_its_say(generator):
    latents = np.array(generator.map(np.ones((1, 16), "float32")))
    before = np.array(generator.synthesize(latents))
    for style in range(generator.num_styles):
        changed = latents.copy()
        changed[:, style] += 1
        assert relative_error(generator.synthesize(changed), before) > 1e-3, style


def test_sefa_looks_at_all_of_its_styles(generator):
    (direction,) = sefa(generator, styles=[7], num_directions=1).values()
    kernel = np.array(generator.synthesis.blocks[7].norm.modulation.kernel)
    kernel /= np.linalg.norm(kernel, axis=0)
    responses = [np.linalg.norm(step @ kernel) for step in (direction.step, np.eye(16)[0])]
    assert responses[0] >= responses[1]


def test_a_generator_of_any_kind_is_asked_for_by_the_class_they_share(preset):
    assert type(Generator.from_preset("mini_faces_stylegan2")) is StyleGAN2Generator
    assert type(PresetModel.from_preset(preset)) is PSP
    with pytest.raises(ValueError, match="holds a StyleGAN1Generator, not a StyleGAN2Generator"):
        StyleGAN2Generator.from_preset(preset.parent / "generator")
    with pytest.raises(ValueError, match="holds a PSP, not a Generator"):
        Generator.from_preset(preset)


def test_a_psp_draws_with_it_from_a_preset_and_in_exports(preset, tmp_path):
    model, images = PSP.from_preset(preset), random_images(2)
    expected = model.predict(images, verbose=0)
    assert expected.shape == (2, 32, 32, 3)
    export(model, tmp_path / "psp" / "1")
    served = tf.saved_model.load(str(tmp_path / "psp" / "1")).signatures["translate"](images=tf.constant(images))
    np.testing.assert_allclose(served["images"], expected, atol=1e-4)
    export(model, tmp_path / "psp.onnx", format="onnx")
    (drawn,) = onnxruntime.InferenceSession(tmp_path / "psp.onnx").run(None, {"images": images})
    np.testing.assert_allclose(drawn, expected, atol=1e-4)


def test_its_images_are_float32_under_bfloat16_and_close():
    latents = np.random.default_rng(0).normal(size=(2, 8, 16)).astype("float32")
    whole, half = (tiny_stylegan1(dtype) for dtype in ("float32", "mixed_bfloat16"))
    half.set_weights(whole.get_weights())
    images = half.synthesize(latents)
    assert keras.backend.standardize_dtype(images.dtype) == "float32"
    assert relative_error(images, whole.synthesize(latents)) < 0.1


def tiny_stylegan1(dtype):
    generator = StyleGAN1Generator(32, num_mapping_layers=2, dtype=dtype, **TINY)
    generator.build()
    return generator


def test_the_commands_take_it(preset, tmp_path, capsys):
    write_image(tmp_path / "me.png", np.full((40, 40, 3), 90, "uint8"))
    me, generator = str(tmp_path / "me.png"), str(preset.parent / "generator")
    small = ["--steps", "2", "--lpips", "0"]
    for command in (
        ["translate", str(preset), me, "--output", str(tmp_path / "translated")],
        ["mix", str(preset), me, "--output", str(tmp_path / "mixes.png")],
        ["project", generator, me, "--output", str(tmp_path / "projected"), *small],
        ["directions", "sefa", generator, "--output", str(tmp_path / "sefa")],
        ["directions", "ganspace", str(preset), "--output", str(tmp_path / "pca"), "--num-samples", "100"],
    ):
        assert main(command) == 0, capsys.readouterr().err
    assert (tmp_path / "projected" / "me.npz").is_file()


def test_an_encoder_trains_on_it(preset, tmp_path):
    options = ["--data", "mini_faces", "--num-mini-faces", "40", "--steps", "1", "--steps-per-epoch", "1"]
    options += ["--batch-size", "2", "--num-validation", "2", "--lpips", "0", "--id", "0"]
    options += ["--encoder", "into_w", "--num-layers", "10", "--width", "4"]
    generator = str(preset.parent / "generator")
    assert main(["train", *options, "--generator", generator, "--output", str(tmp_path / "run")]) == 0
    assert type(PSP.from_preset(tmp_path / "run").generator) is StyleGAN1Generator


def test_an_encoder_of_another_size_is_refused(generator):
    with pytest.raises(ValueError, match="`encoder` has num_styles 10, `generator` 8"):
        PSP(tiny_encoder(num_styles=10), generator)
    assert isinstance(tiny_generator(), Generator)
