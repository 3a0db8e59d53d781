"""The weights that ship: they load, they are small, and they are as good as the README says."""

from pathlib import Path

import keras
import numpy as np

import psp_keras
from psp_keras.data.image_files import write_image
from psp_keras.demo import run_demo
from psp_keras.evaluation import evaluate
from psp_keras.models import load_preset
from psp_keras.training import measure_arcface

NAMES = ["mini_faces_arcface", "mini_faces_inversion", "mini_faces_stylegan2", "mini_faces_vgg"]
FOLDER = Path(psp_keras.__file__).parent / "presets"


def test_the_presets_are_listed_and_load():
    assert psp_keras.list_presets() == NAMES
    for name in NAMES:
        assert load_preset(name).built
        assert (FOLDER / name / "README.md").is_file(), "a preset needs its model card"


def test_the_weights_stay_under_12_megabytes():
    assert sum(path.stat().st_size for path in FOLDER.glob("*/model.weights.h5")) < 12e6


def test_the_inversion_preset_keeps_the_promised_quality():
    report = evaluate(psp_keras.PSP.from_preset("mini_faces_inversion"), count=512)
    model, average, others = (report["summary"][name] for name in ("model", "average_face", "another_person"))
    assert model["mse"]["mean"] <= 0.03
    assert model["identity"]["mean"] >= 0.6
    assert others["identity"]["mean"] < 0.25
    assert model["lpips"]["mean"] < 0.5 * average["lpips"]["mean"]


def test_the_recognition_network_tells_people_apart():
    measured = measure_arcface(load_preset("mini_faces_arcface"), num_pairs=300)
    assert measured["cosine_different_people"] < 0.25
    assert measured["same_above_different"] > 0.9


def test_the_generator_draws_varied_faces():
    generator = load_preset("mini_faces_stylegan2")
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
