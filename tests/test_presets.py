"""The weights that ship: they load, they are small, and they are as good as the README says."""

from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

import psp_keras
from psp_keras import from_preset
from psp_keras.commands.demo_tour import run_demo
from psp_keras.data.image_files import write_image
from psp_keras.errors import UserError
from psp_keras.evaluation import evaluate
from psp_keras.evaluation.translation_metrics import TranslationMetrics
from psp_keras.models import EncoderIntoW, StyleGAN2Generator
from psp_keras.tasks import TASKS
from psp_keras.training import measure_arcface
from tests.helpers import relative_error, tiny_generator

NETWORKS = ["arcface", "arcface_metric", "cartoon_stylegan2", "stylegan2", "vgg"]
NAMES = sorted(f"mini_faces_{name}" for name in [*NETWORKS, *(task for task in TASKS if task != "paired")])
FOLDER = Path(psp_keras.__file__).parent / "presets"


@pytest.fixture(scope="module")
def metrics():
    return TranslationMetrics()


def test_the_presets_are_listed_and_load():
    assert psp_keras.list_presets() == NAMES
    for name in NAMES:
        assert from_preset(name).built
        assert (FOLDER / name / "README.md").is_file(), "a preset needs its model card"


@pytest.mark.parametrize("name", [task for task in TASKS if task not in ("paired", "inversion")])
def test_every_task_has_a_preset_that_beats_the_average_face(name, metrics):
    model = psp_keras.PSP.from_preset(f"mini_faces_{name}")
    assert model.task["name"] == name
    summary = evaluate(model, count=32, metrics=metrics)["summary"]
    assert summary["model"]["lpips"]["mean"] < 0.85 * summary["average_face"]["lpips"]["mean"]
    assert summary["model"]["l2"]["mean"] < summary["average_face"]["l2"]["mean"]


def test_the_weights_stay_under_32_megabytes():
    assert sum(path.stat().st_size for path in FOLDER.glob("*/model.weights.h5")) < 32e6


@pytest.mark.parametrize("dtype, error", [("float32", 1e-7), ("float16", 5e-4), ("int8", 2e-2)])
def test_presets_store_weights_in_fewer_bytes(dtype, error, tmp_path):
    model = tiny_generator()
    model.save_to_preset(tmp_path / dtype, dtype=dtype)
    loaded = StyleGAN2Generator.from_preset(tmp_path / dtype)
    for one, other in zip(model.weights, loaded.weights):
        if np.any(np.array(one)):
            assert relative_error(other, one) < error, one.path
    kinds = set()
    with h5py.File(tmp_path / dtype / "model.weights.h5") as file:
        file.visititems(lambda _, item: kinds.add(str(item.dtype)) if isinstance(item, h5py.Dataset) else None)
    assert kinds == ({"int8", "float16"} if dtype == "int8" else {dtype})


def test_a_preset_may_leave_its_generator_to_another(tmp_path):
    generator = StyleGAN2Generator.from_preset("mini_faces_stylegan2")
    encoder = EncoderIntoW(style_dim=128, image_size=64, num_layers=10, width=4)
    model = psp_keras.PSP(encoder, generator)
    model.save_to_preset(tmp_path / "psp", parts={"generator": "mini_faces_stylegan2"})
    loaded = psp_keras.PSP.from_preset(tmp_path / "psp")
    for one, other in zip(model.weights, loaded.weights):
        np.testing.assert_array_equal(one, other, err_msg=one.path)
    with h5py.File(tmp_path / "psp" / "model.weights.h5") as file:
        assert "encoder" in file and "generator" not in file
    with pytest.raises(UserError, match="mini_faces_cartoon_stylegan2 does not hold the weights of generator"):
        model.save_to_preset(tmp_path / "other", parts={"generator": "mini_faces_cartoon_stylegan2"})
    assert not (tmp_path / "other").exists()


def test_the_inversion_preset_keeps_the_promised_quality(metrics):
    inversion = psp_keras.PSP.from_preset("mini_faces_inversion")
    assert inversion.task["name"] == "inversion"
    report = evaluate(inversion, count=96, metrics=metrics)
    model, average, others = (report["summary"][name] for name in ("model", "average_face", "another_picture"))
    assert model["l2"]["mean"] <= 0.03
    assert model["id"]["mean"] >= 0.6
    assert others["id"]["mean"] < 0.25
    assert model["lpips"]["mean"] < 0.5 * average["lpips"]["mean"]


@pytest.mark.parametrize("name", ["mini_faces_arcface", "mini_faces_arcface_metric"])
def test_the_recognition_networks_tell_people_apart(name):
    measured = measure_arcface(from_preset(name), num_pairs=100)
    assert measured["cosine_different_people"] < 0.25
    assert measured["same_above_different"] > 0.9


def test_the_generator_draws_varied_faces():
    generator = from_preset("mini_faces_stylegan2")
    images = keras.ops.convert_to_numpy(generator(keras.random.normal((64, generator.style_dim), seed=0)))
    assert images.shape == (64, 64, 64, 3)
    assert np.abs(images).max() < 2 and images.std(axis=0).mean() > 0.2


def test_the_demo_leaves_its_pictures(tmp_path):
    write_image(tmp_path / "me.png", np.full((80, 60, 3), 200, np.uint8))
    report = run_demo(tmp_path / "out", photo=tmp_path / "me.png", steps=4, count=16)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [
        "1_generator_samples.png",
        "2_inversions.png",
        "3_training_from_scratch.png",
        "4_photo.png",
        "5_style_mixing.png",
        "report.json",
    ]
    assert len(report["training_from_scratch"]) == 5
