"""The converter as its users meet it, on small checkpoints written in the formats of PyTorch and NVIDIA."""

import json

import numpy as np
import pytest

from psp_keras import PSP
from psp_keras.models import (
    Encoder4Editing,
    EncoderIntoW,
    ReStyleEncoder,
    SAMEncoder,
    StyleGAN2Discriminator,
    StyleGAN2Generator,
)
from psp_keras.models.preset import from_preset
from psp_keras.tasks import TASKS, get_task
from tests.helpers import relative_error
from tests.parity import DATA, nhwc, state_of
from tests.synthetic_weights import synthetic_state_dict
from tests.torch_files import FakeModule, FakeModules, published_discriminator, write_nvidia, write_zip
from weights_conversion.__main__ import main
from weights_conversion.convert import convert, recognise
from weights_conversion.errors import CheckpointError
from weights_conversion.nvidia import make_nvidia_discriminator
from weights_conversion.psp import make_task
from weights_conversion.torch_reader import read_checkpoint

NVIDIA = DATA / "nvidia"


@pytest.fixture(scope="module")
def state():
    return state_of("stylegan2_32_g_ema")


@pytest.fixture
def modules(monkeypatch):
    return FakeModules(monkeypatch)


def assert_draws_the_golden_image(preset):
    model, golden = StyleGAN2Generator.from_preset(preset), np.load(DATA / "stylegan2_32.npz")
    assert relative_error(model.mapping(golden["z"]), golden["w"]) < 1e-5
    assert relative_error(model.synthesize(golden["w_plus"]), np.transpose(golden["image"], (0, 2, 3, 1))) < 1e-5
    return model


def test_a_generator_becomes_a_preset(state, modules, tmp_path, capsys):
    write_zip(tmp_path / "g.pt", {"g_ema": state, "latent_avg": np.ones(512, "float32")}, modules)
    assert main([str(tmp_path / "g.pt"), "--output", str(tmp_path / "preset")]) == 0
    assert (np.array(assert_draws_the_golden_image(tmp_path / "preset").latent_average) == 1).all()
    assert "StyleGAN2Generator" in capsys.readouterr().out


def nvidia_generator(state, **attributes):
    """The same generator under NVIDIA's names; demodulation cancels the scale that their convolutions lack."""
    taps = np.outer([1, 3, 3, 1], [1, 3, 3, 1]).astype("float32") / 64

    def part(pairs, **parts):
        return FakeModule({name: state[key].reshape(shape).copy() for name, key, shape in pairs}, parts)

    def layer(key, noise, size):
        affine = part([("weight", f"{key}.conv.modulation.weight", (512, 512)), affine_bias(key)])
        module = part(
            [
                ("weight", f"{key}.conv.weight", (512, 512, 3, 3)),
                ("noise_strength", f"{key}.noise.weight", ()),
                ("bias", f"{key}.activate.bias", (512,)),
            ],
            affine=affine,
        )
        module.state["_buffers"] = {"noise_const": state[noise].reshape(size, size), "resample_filter": taps}
        return module

    def affine_bias(key):
        return ("bias", f"{key}.conv.modulation.bias", (512,))

    def rgb(key):
        affine = part([("weight", f"{key}.conv.modulation.weight", (512, 512)), affine_bias(key)])
        return part([("weight", f"{key}.conv.weight", (3, 512, 1, 1)), ("bias", f"{key}.bias", (3,))], affine=affine)

    blocks = {}
    for level in range(4):
        size = 4 * 2**level
        first = "conv1" if level == 0 else f"convs.{2 * level - 1}"
        parts = {"conv1": layer(first, f"noises.noise_{2 * level}", size)}
        parts["torgb"] = rgb("to_rgb1" if level == 0 else f"to_rgbs.{level - 1}")
        if level:
            parts["conv0"] = layer(f"convs.{2 * level - 2}", f"noises.noise_{2 * level - 1}", size)
        block = FakeModule({}, parts)
        block.state["_buffers"]["resample_filter"] = taps
        if level == 0:
            block.state["_parameters"]["const"] = np.ascontiguousarray(state["input.input"][0])
        blocks[f"b{size}"] = block
    dense = {
        f"fc{i}": part([("weight", f"style.{i + 1}.weight", (512, 512)), ("bias", f"style.{i + 1}.bias", (512,))])
        for i in range(8)
    }
    mapping = FakeModule({}, dense)
    mapping.state["_buffers"]["w_avg"] = np.full(512, 2, "float32")
    return FakeModule({}, {"synthesis": FakeModule({}, blocks), "mapping": mapping}, **{"c_dim": 0, **attributes})


def test_a_network_of_nvidias_becomes_a_preset(state, modules, tmp_path):
    content = {"G_ema": nvidia_generator(state), "D": FakeModule(), "training_set_kwargs": {"path": "faces.zip"}}
    write_nvidia(tmp_path / "network.pkl", content, modules)
    assert main([str(tmp_path / "network.pkl"), "--output", str(tmp_path / "preset")]) == 0
    assert (np.array(assert_draws_the_golden_image(tmp_path / "preset").latent_average) == 2).all()


@pytest.mark.parametrize("name", ["ada_numpy1", "stylegan3_repository"])
def test_files_that_nvidias_code_wrote_become_presets(name, tmp_path):
    golden = np.load(NVIDIA / f"{name}.npz")
    for part in ("generator", "discriminator"):
        assert main([str(NVIDIA / f"{name}.pkl"), "--part", part, "--output", str(tmp_path / part)]) == 0
    generator = StyleGAN2Generator.from_preset(tmp_path / "generator")
    assert relative_error(generator.map(golden["z"], truncation=0.7), golden["w"]) < 1e-5
    assert relative_error(generator.synthesize(golden["w"]), nhwc(golden["image"])) < 1e-5
    discriminator = StyleGAN2Discriminator.from_preset(tmp_path / "discriminator")
    assert relative_error(discriminator(nhwc(golden["image"])), golden["d_logits"]) < 1e-5


def test_the_discriminator_of_a_training_checkpoint_becomes_a_preset(modules, tmp_path):
    state = published_discriminator(read_checkpoint(NVIDIA / "ada_numpy1.pkl")["D"].state_dict())
    write_zip(tmp_path / "550000.pt", {"d": state}, modules)
    command = [str(tmp_path / "550000.pt"), "--part", "discriminator", "--output", str(tmp_path / "preset")]
    assert main(command) == 0
    golden, model = np.load(NVIDIA / "ada_numpy1.npz"), from_preset(tmp_path / "preset")
    assert relative_error(model(nhwc(golden["image"])), golden["d_logits"]) < 1e-5


def test_a_file_that_lacks_the_part_is_refused(psp_state, modules, tmp_path, capsys):
    write_zip(tmp_path / "psp.pt", {"state_dict": psp_state, "opts": {}}, modules)
    write_zip(tmp_path / "d.pt", {"d": {"a": np.ones(1, "float32")}}, modules)
    for name, part, message in (
        ("psp.pt", "discriminator", "it holds no discriminator"),
        ("d.pt", "generator", "it holds no generator (g_ema)"),
        ("d.pt", "discriminator", "its d is not a residual StyleGAN2 discriminator"),
    ):
        assert main([str(tmp_path / name), "--part", part, "--output", str(tmp_path / "preset")]) == 2
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "change, message",
    [
        ({"c_dim": 10}, "it is class-conditional (10 classes)"),
        ({"_modules": {}}, "its discriminator is not a residual StyleGAN2 discriminator"),
    ],
)
def test_other_discriminators_of_nvidias_are_refused(change, message):
    module = read_checkpoint(NVIDIA / "ada_numpy1.pkl")["D"]
    module.update(change)
    with pytest.raises(CheckpointError) as error:
        make_nvidia_discriminator(module)
    assert message in str(error.value)


def test_the_group_size_of_the_minibatch_statistic_is_kept():
    module = read_checkpoint(NVIDIA / "ada_numpy1.pkl")["D"]
    statistic = module["_modules"]["b4"]["_modules"]["mbstd"]
    statistic["group_size"] = 8
    assert make_nvidia_discriminator(module).stddev.group_size == 8
    statistic["num_channels"] = 2
    with pytest.raises(CheckpointError, match="minibatch statistic is not one channel"):
        make_nvidia_discriminator(module)


@pytest.mark.parametrize("state", [5, [1], {"convs.1.skip.1.weight": 1, "final_linear.0.weight": 2}])
def test_values_where_tensors_belong_get_one_line(state, modules, tmp_path, capsys):
    write_zip(tmp_path / "d.pt", {"g_ema": {}, "d": state}, modules)
    command = [str(tmp_path / "d.pt"), "--part", "discriminator", "--output", str(tmp_path / "preset")]
    assert main(command) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def shrunk(key, shape):
    """A published shape with a sixteenth of the channels."""
    if ".noises." in key:
        return shape
    squeezed = ".fc1." in key or ".fc2." in key
    return [max(1, size // 16) if size >= 16 or (squeezed and size > 1) else size for size in shape]


@pytest.fixture(scope="module")
def psp_state():
    manifest = json.loads((DATA / "manifests" / "psp_256.json").read_text())
    state = synthetic_state_dict({key: shrunk(key, shape) for key, shape in manifest.items()})
    return {key: value for key, value in state.items() if key != "latent_avg"}


def test_a_psp_checkpoint_becomes_a_preset(psp_state, modules, tmp_path):
    average = np.random.default_rng(0).normal(size=(14, 32)).astype("float32")
    options = {
        "output_size": 256,
        "dataset_type": "ffhq_frontalize",
        "encoder_type": "GradualStyleEncoder",
        "start_from_latent_avg": True,
    }
    content = {"state_dict": psp_state, "latent_avg": average, "opts": {**options, "learn_in_w": False}}
    write_zip(tmp_path / "psp.pt", content, modules)
    assert main([str(tmp_path / "psp.pt"), "--output", str(tmp_path / "preset")]) == 0
    model = PSP.from_preset(tmp_path / "preset")
    assert (model.encoder.width, model.encoder.style_filters, model.generator.resolution) == (4, 32, 256)
    assert get_task(model.task) == TASKS["frontalization"]
    np.testing.assert_array_equal(model.latent_average, average)
    kernel = psp_state["encoder.styles.13.convs.0.weight"]
    np.testing.assert_array_equal(model.encoder.styles[13].convs[0].kernel, kernel.transpose(2, 3, 1, 0))


def test_older_psp_checkpoints_lack_options(psp_state, modules, tmp_path):
    write_zip(tmp_path / "old.pt", {"state_dict": psp_state, "opts": {}}, modules)
    command = [str(tmp_path / "old.pt"), "--num-samples", "64", "--seed", "3", "--output"]
    for output in ("one", "two"):
        assert main([*command, str(tmp_path / output)]) == 0
    one, two = (PSP.from_preset(tmp_path / output) for output in ("one", "two"))
    assert one.start_from_latent_average
    assert np.abs(np.array(one.latent_average)).max() > 0, "the average latent was not estimated"
    np.testing.assert_array_equal(one.latent_average, two.latent_average)


def shrunk_state(name):
    """The state dict of a published file and its average latent, small."""
    manifest = json.loads((DATA / "manifests" / f"{name}.json").read_text())
    state = synthetic_state_dict({key: shrunk(key, shape) for key, shape in manifest.items()})
    return state, state.pop("latent_avg")


@pytest.mark.parametrize(
    "name, size, kind, paper, encoder",
    [
        ("e4e_256", "stylegan_size", "Encoder4Editing", "e4e", Encoder4Editing),
        ("psp_into_w_256", "stylegan_size", "SingleStyleCodeEncoder", "e4e", EncoderIntoW),
        ("restyle_e4e_256", "output_size", "ProgressiveBackboneEncoder", "ReStyle", ReStyleEncoder),
        ("restyle_psp_resnet_256", "output_size", "ResNetBackboneEncoder", "ReStyle", ReStyleEncoder),
        ("sam_256", "output_size", "GradualStyleEncoder", "SAM", SAMEncoder),
    ],
)
def test_files_of_later_papers_are_recognised_and_converted(
    name, size, kind, paper, encoder, modules, tmp_path, capsys
):
    state, average = shrunk_state(name)
    content = {"state_dict": state, "latent_avg": average, "opts": {"encoder_type": kind, size: 256}}
    write_zip(tmp_path / "file.pt", content, modules)
    assert main([str(tmp_path / "file.pt"), "--describe"]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith(f"file.pt: {paper}")
    model = convert(tmp_path / "file.pt")
    assert type(model.encoder) is encoder and model.source_shape == (256, 256, 3)
    assert getattr(model.encoder, "progressive", None) == ("Progressive" in kind if paper == "ReStyle" else None)
    assert model.encoder.backbone_kind == ("resnet" if "ResNet" in kind else "ir")
    np.testing.assert_array_equal(model.latent_average, np.broadcast_to(average, (14, 32)))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"learn_in_w": True}, "its options say learn_in_w"),
        ({"stylegan_size": 512}, "its options say 512 pixels, but its decoder draws 256"),
        ({"output_size": 512}, "its options say 512 pixels, but its decoder draws 256"),
        ({"encoder_type": "ResNet"}, "its encoder is a ResNet"),
        ({"dataset_type": "ffhq_aging"}, "it was trained for ages, but holds no pretrained_encoder"),
        ({"dataset_type": "cars_encode"}, "it was trained for pictures of 192x256 pixels"),
    ],
)
def test_options_that_contradict_the_weights_are_refused(options, message, psp_state, modules, tmp_path, capsys):
    write_zip(tmp_path / "psp.pt", {"state_dict": psp_state, "opts": options}, modules)
    assert main([str(tmp_path / "psp.pt"), "--output", str(tmp_path / "preset")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "preset").exists()


def test_class_conditional_networks_are_refused(state, modules, tmp_path, capsys):
    write_nvidia(tmp_path / "network.pkl", {"G_ema": nvidia_generator(state, c_dim=10)}, modules)
    assert main([str(tmp_path / "network.pkl"), "--output", str(tmp_path / "preset")]) == 2
    assert "it is class-conditional (10 classes)" in capsys.readouterr().err


def test_a_file_that_does_not_fit_is_refused_and_nothing_is_written(state, modules, tmp_path, capsys):
    write_zip(tmp_path / "g.pt", {"g_ema": {**state, "surprise": np.ones(3, "float32")}}, modules)
    assert main([str(tmp_path / "g.pt"), "--output", str(tmp_path / "preset")]) == 2
    assert "1 tensors are unknown, the first is surprise" in capsys.readouterr().err
    assert not (tmp_path / "preset").exists()


def test_describe_names_the_parts(capsys):
    assert main([str(NVIDIA / "ada_numpy1.pkl"), "--describe"]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("NVIDIA StyleGAN2, generator and discriminator")


def test_describe_prints_what_is_in_a_file(capsys):
    assert main([str(DATA / "torch_files" / "tiny_namespace.pt"), "--describe"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("state_dict.float32  float32 3x4x2x2") for line in lines)
    assert any(line.startswith("opts.output_size = ") for line in lines)


@pytest.mark.parametrize("name", ["hostile.pt", "truncated.pt", "not_a_checkpoint.pt", "tiny_zip.pt", "missing.pt"])
def test_mistakes_get_one_line(name, tmp_path, capsys):
    assert main([str(DATA / "torch_files" / name), "--output", str(tmp_path / "preset")]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not (tmp_path / "preset").exists()


def test_the_task_is_read_off_the_options_or_the_input():
    assert make_task({}, 3)["name"] == "inversion" and make_task({}, 1)["name"] == "sketch_to_face"
    assert make_task({"dataset_type": "celebs_seg_to_face"}, 19)["num_classes"] == 19


def test_models_are_recognised():
    assert recognise({"state_dict": {"encoder.a": 1, "decoder.b": 2}}) == "pSp"
    assert recognise({"state_dict": {"module.encoder_q.conv1.weight": 1}}) == "MoCo"
    assert recognise({"output_layer.3.weight": 1}) == "ArcFace"
    assert recognise({"features.0.weight": 1}) == "LPIPS features"
    assert recognise({"something": 1}) is None and recognise([1]) is None
