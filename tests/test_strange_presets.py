"""Presets that are damaged, contradict themselves or mean harm: each gets one line, and nothing in them runs."""

import json
import shutil
import sys
import warnings

import h5py
import pytest

from psp_keras import from_preset
from psp_keras.errors import UserError
from psp_keras.models import PSP, StyleGAN2Generator
from tests.helpers import tiny_generator, tiny_psp_into_w


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("strange")
    tiny_psp_into_w().save_to_preset(folder / "psp")
    tiny_generator().save_to_preset(folder / "generator")
    return folder


@pytest.fixture
def change(presets, tmp_path):
    """Copies the preset of a pSp with another value somewhere in its config."""

    def change(*path, value):
        shutil.copytree(presets / "psp", tmp_path / "changed")
        config = json.loads((presets / "psp" / "config.json").read_text())
        place = config
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        (tmp_path / "changed" / "config.json").write_text(json.dumps(config))
        return tmp_path / "changed"

    return change


def refused(preset, message):
    for load in (from_preset, PSP.from_preset):
        with warnings.catch_warnings(), pytest.raises(UserError, match=message) as raised:
            warnings.simplefilter("error")
            load(preset)
        assert len(str(raised.value).splitlines()) == 1


ENCODER, GENERATOR = ("config", "encoder", "config"), ("config", "generator", "config")


@pytest.mark.parametrize(
    "path, value, message",
    [
        ((*GENERATOR, "resolution"), 2**40, "`resolution` must be a power of two from 16 to 1024"),
        ((*GENERATOR, "resolution"), "x", "`resolution` must be"),
        ((*GENERATOR, "style_dim"), 10**9, "`style_dim` must be a whole number from 1 to 8192"),
        ((*GENERATOR, "num_mapping_layers"), 10**9, "`num_mapping_layers` must be"),
        ((*GENERATOR, "channel_max"), 10**9, "`channel_max` must be"),
        ((*GENERATOR, "channel_base"), 1.5, "`channel_base` must be"),
        ((*ENCODER, "num_layers"), "x", "`num_layers` must be one of"),
        ((*ENCODER, "num_layers"), [18], "config.json does not describe a PSP"),
        ((*ENCODER, "width"), 10**9, "`width` must be a whole number from 1 to 1024"),
        ((*ENCODER, "width"), -1, "`width` must be"),
        ((*ENCODER, "image_size"), 2**40, "`image_size` must be"),
        ((*ENCODER, "in_channels"), None, "`in_channels` must be"),
        (("config", "encoder"), None, "`encoder` must be a psp_keras.models.Encoder"),
        (("config", "name"), 5, "the model has no name"),
        (("config",), [], "it describes no model"),
        (("class_name",), ["PSP"], "is no network of psp_keras"),
        (("class_name",), "PresetModel", "is no network of psp_keras"),
        (("parts",), 5, "`parts` must name presets"),
        (("parts",), {"generator": 5}, "`parts` must give the name of a preset for generator"),
        (("parts",), {"task": "mini_faces_stylegan2"}, "`parts` names 'task', which is no network"),
        (("parts",), {"generator": "nowhere"}, "There is no preset 'nowhere'"),
        (("parts",), {"generator": "mini_faces_vgg"}, "holds a PerceptualNetwork"),
    ],
)
def test_what_a_config_cannot_say(change, path, value, message):
    refused(change(*path, value=value), message)


def test_a_preset_that_leads_to_itself(change, presets, tmp_path):
    circle = change("parts", value={"generator": str(tmp_path / "changed")})
    refused(circle, "takes its generator, a StyleGAN2Generator, from .*, which holds a PSP")
    shutil.copytree(presets / "generator", tmp_path / "own")
    config = json.loads((tmp_path / "own" / "config.json").read_text())
    config["parts"] = {"generator": str(tmp_path / "own")}
    (tmp_path / "own" / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match="which is no network of the model"):
        StyleGAN2Generator.from_preset(tmp_path / "own")


def test_a_config_nested_too_deep(change):
    preset = change("parts", value={})
    (preset / "config.json").write_text('{"config": ' + 100_000 * "[" + 100_000 * "]" + "}")
    refused(preset, "is nested too deep")
    (preset / "config.json").write_bytes(b"\xff\xfe")
    refused(preset, "is not a preset's config.json")


FOREIGN = {"module": "tripwire", "class_name": "Trip", "config": {"name": "x"}, "registered_name": "Trip"}
LAMBDA = {"class_name": "__lambda__", "config": {"value": "", "name": "x"}}


@pytest.mark.parametrize(
    "path, value",
    [
        (("config", "encoder"), FOREIGN),
        (("config", "encoder"), {**FOREIGN, "registered_name": "psp_keras>Trip"}),
        (("config", "encoder"), {**FOREIGN, "class_name": "GradualStyleEncoder"}),
        ((*ENCODER, "squeeze_excite"), FOREIGN),
        ((*GENERATOR, "style_dim"), [[{"a": LAMBDA}]]),
        (("class_name",), "Trip"),
        (("registered_name",), "Trip"),
    ],
)
def test_nothing_foreign_is_imported(change, path, value, tmp_path, monkeypatch):
    (tmp_path / "tripwire.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    refused(change(*path, value=value), "which is no network of psp_keras")
    assert "tripwire" not in sys.modules


def test_what_a_session_left_is_not_restored(change):
    model = from_preset(change("compile_config", value={"optimizer": FOREIGN}))
    assert not model.compiled


def test_weights_of_another_model_and_no_weights(change, presets):
    preset = change("parts", value={})
    weights = preset / "model.weights.h5"
    with h5py.File(weights, "w"):
        pass
    refused(preset, "0 arrays, 0 numbers in it do not fit the PSP with")
    shutil.copy(presets / "generator" / "model.weights.h5", weights)
    refused(preset, "do not fit the PSP with")
    weights.write_bytes(b"")
    refused(preset, "is damaged or belongs to another model")
