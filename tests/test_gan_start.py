"""What `train_gan` starts from: the networks that it is given, whole, or one of them beside a new one."""

import json

import numpy as np
import pytest

from psp_keras.callbacks import TrainingCheckpoint
from psp_keras.errors import UserError
from psp_keras.models import StyleGAN2Discriminator, StyleGAN2Generator
from psp_keras.training import gan
from psp_keras.training.options import GANOptions
from tests.helpers import tiny_generator
from tests.parity import DATA
from tests.synthetic_weights import synthetic_state_dict
from tests.torch_files import FakeModules, published_discriminator, write_zip
from weights_conversion.convert import convert
from weights_conversion.torch_reader import read_checkpoint

FILE = DATA / "nvidia" / "ada_numpy1.pkl"


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Calls `train_gan` and returns its trainer as it is before the first step."""

    def start_training(start_from, **options):
        trainers = []

        def fit(trainer, batches, run, **_):
            trainers.append(trainer)
            trainer.averaged_generator.save_to_preset(run / "generator")

        monkeypatch.setattr(gan, "fit_resumable", fit)
        gan.train_gan(
            "mini_faces", tmp_path / "run", start_from=start_from, num_mini_faces=4, dtype="float32", **options
        )
        return trainers[0]

    return start_training


def tiny_discriminator(resolution=32):
    model = StyleGAN2Discriminator(resolution, channel_base=128, channel_max=8, group_size=2)
    model.build()
    return model


def assert_same(one, other):
    assert len(one.weights) == len(other.weights)
    for a, b in zip(one.weights, other.weights):
        np.testing.assert_array_equal(a, b)


def test_from_a_file_with_both(start, capsys):
    trainer = start(FILE)
    assert_same(trainer.generator, convert(FILE))
    assert_same(trainer.discriminator, convert(FILE, part="discriminator"))
    assert not trainer.ema_ramp_up and trainer.generator.resolution == 32
    assert "from scratch" not in capsys.readouterr().out


def test_from_a_training_checkpoint(start, tmp_path, monkeypatch):
    manifest = json.loads((DATA / "manifests" / "stylegan2_32_g_ema.json").read_text())
    narrow = {
        key: shape if "noises" in key else [size // 16 or size for size in shape] for key, shape in manifest.items()
    }
    generator = synthetic_state_dict(narrow)
    average = {**generator, "to_rgb1.bias": generator["to_rgb1.bias"] + 1}
    discriminator = published_discriminator(read_checkpoint(FILE)["D"].state_dict())
    content = {"g": generator, "d": discriminator, "g_ema": average}
    write_zip(tmp_path / "550000.pt", content, FakeModules(monkeypatch))
    trainer = start(tmp_path / "550000.pt")
    assert_same(trainer.discriminator, convert(FILE, part="discriminator"))
    for network, state in ((trainer.generator, generator), (trainer.averaged_generator, average)):
        np.testing.assert_array_equal(network.synthesis.to_rgbs[0].bias, state["to_rgb1.bias"].reshape(-1))


def test_from_a_folder_with_both_presets(start, tmp_path, capsys):
    generator, discriminator = tiny_generator(), tiny_discriminator()
    generator.save_to_preset(tmp_path / "both" / "generator")
    discriminator.save_to_preset(tmp_path / "both" / "discriminator")
    trainer = start(tmp_path / "both")
    assert_same(trainer.generator, generator)
    assert_same(trainer.discriminator, discriminator)
    assert trainer.discriminator.group_size == 2
    assert "from scratch" not in capsys.readouterr().out


def test_from_a_generator_alone(start, tmp_path, capsys):
    generator = tiny_generator()
    generator.save_to_preset(tmp_path / "preset")
    trainer = start(tmp_path / "preset")
    assert_same(trainer.generator, generator)
    assert trainer.discriminator.resolution == 32
    assert "holds a generator alone: its discriminator is trained from scratch" in capsys.readouterr().out


def test_networks_of_two_sizes_are_refused(start, tmp_path):
    tiny_generator().save_to_preset(tmp_path / "both" / "generator")
    tiny_discriminator(64).save_to_preset(tmp_path / "both" / "discriminator")
    with pytest.raises(UserError, match="are for 32 and 64 pixels"):
        start(tmp_path / "both")


def test_a_file_of_another_model_is_refused(start):
    with pytest.raises(UserError, match="holds none of the published models"):
        start(DATA / "torch_files" / "tiny_zip.pt")


def both_presets(folder):
    tiny_generator().save_to_preset(folder / "generator")
    tiny_discriminator().save_to_preset(folder / "discriminator")
    return folder


def weights_by_path(network):
    return {variable.path: np.array(variable) for variable in network.weights}


def test_frozen_blocks_stay_and_the_others_learn(tmp_path):
    start = both_presets(tmp_path / "both")
    options = {"num_mini_faces": 8, "batch_size": 4, "steps_per_epoch": 2, "kimg": 0.008, "dtype": "float32"}
    options |= {"augment": "ada", "num_quality_samples": 0}
    gan.train_gan("mini_faces", tmp_path / "run", start_from=start, freeze_discriminator=2, **options)
    before, after = (StyleGAN2Discriminator.from_preset(place / "discriminator") for place in (start, tmp_path / "run"))
    frozen = [after.from_rgb, *after.blocks[:2]]
    assert [block.name for block in frozen[1:]] == ["block_32", "block_16"]
    kept = {variable.path for layer in frozen for variable in layer.weights}
    for variable, old in zip(after.weights, before.weights, strict=True):
        assert np.array_equal(variable, old) == (variable.path in kept), variable.path
    generators = (StyleGAN2Generator.from_preset(place / "generator") for place in (start, tmp_path / "run"))
    first, last = (network.synthesis.get_weights() for network in generators)
    assert sum(not np.array_equal(a, b) for a, b in zip(first, last)) > len(first) / 2


def test_freezing_needs_something_to_keep(start, tmp_path):
    with pytest.raises(UserError, match="`freeze_discriminator` keeps what a discriminator knows: give `start_from`"):
        GANOptions(data="mini_faces", output=tmp_path / "run", freeze_discriminator=1)
    tiny_generator().save_to_preset(tmp_path / "preset")
    with pytest.raises(UserError, match="no discriminator that `freeze_discriminator` could keep"):
        start(tmp_path / "preset", freeze_discriminator=1)
    with pytest.raises(UserError, match="`freeze_discriminator` must be a whole number from 0 to 3, got 4"):
        start(both_presets(tmp_path / "both"), freeze_discriminator=4)


def test_the_r1_weight_follows_resolution_and_batch(start, tmp_path):
    tiny_generator().save_to_preset(tmp_path / "preset")  # 32 pixels
    trainer = start(tmp_path / "preset", batch_size=8)
    assert trainer.r1_gamma == pytest.approx(0.0002 * 32**2 / 8)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["r1_gamma"] == trainer.r1_gamma


def test_a_run_with_other_options_gives_its_networks_alone(start, tmp_path, capsys):
    """Its optimizers' slots do not fit where blocks are frozen or pictures augmented."""
    first = both_presets(tmp_path / "first")
    checkpoint = TrainingCheckpoint(first / "checkpoint.npz")
    checkpoint.set_model(start(first))
    checkpoint.on_epoch_end(0)
    start(first)
    assert "its networks alone are taken" not in capsys.readouterr().out
    trainer = start(first, augment="ada")
    assert "first do not suit this training: its networks alone are taken" in capsys.readouterr().out
    assert_same(trainer.discriminator, StyleGAN2Discriminator.from_preset(first / "discriminator"))
