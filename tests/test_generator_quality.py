"""How good a generator is: the measures of two sets of pictures, and the generator that a training keeps for them."""

import os

import numpy as np
import pytest
import tensorflow as tf
import wandb

import psp_keras
from psp_keras.callbacks.csv_log import read_log
from psp_keras.data.mini_faces.folders import write_mini_faces
from psp_keras.errors import UserError
from psp_keras.evaluation import frechet_distance, pooled_features, precision_recall
from psp_keras.models import PerceptualNetwork, StyleGAN2Generator
from psp_keras.training import gan
from tests.test_watching import read_back

SMALL = {"batch_size": 4, "steps_per_epoch": 2, "num_quality_samples": 8, "dtype": "float32"}
TINY = {"resolution": 16, "style_dim": 8, "mapping_layers": 2, "channel_base": 64, "channel_max": 8}
GAN = {**SMALL, **TINY}
MEASURES = ("fid-mini", "precision", "recall")


def cloud(count, shift=0.0, scale=1.0, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 4)) * scale + shift


def test_precision_falls_with_strange_samples_and_recall_with_missing_ones():
    real = cloud(400)
    assert precision_recall(real, real) == (1, 1)
    assert precision_recall(real, cloud(400, shift=100)) == (0, 0)
    precision, recall = precision_recall(real, cloud(400, scale=0.2, seed=1))
    assert precision > 0.99 and recall < 0.2
    precision, recall = precision_recall(real, cloud(400, scale=3, seed=1))
    assert precision < 0.2 and recall > 0.9


def test_reach_is_the_distance_to_the_third_neighbour():
    """On a line: of the real 0, 1, 2, 3, 10 the first reaches as far as 3, the last as far as 9."""
    line = np.array([[0.0], [1], [2], [3], [10]])
    samples = np.array([[-2.9], [-3.1], [18.9], [19.1], [1.5]])
    assert precision_recall(line, samples) == (3 / 5, 1.0)


def test_the_frechet_distance_of_gaussians_is_known():
    one, other = cloud(20000), cloud(20000, shift=1.0, scale=2.0, seed=1)
    assert frechet_distance(one, other) == pytest.approx(4 * 1.0 + 4 * (2 - 1) ** 2, rel=0.05)
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-6)


def test_pooled_features_are_the_means_of_the_deepest_maps():
    network, images = PerceptualNetwork(width=8), np.zeros((3, 32, 32, 3), "float32")
    network.build()
    deepest = np.asarray(network.features(images)[-1])
    np.testing.assert_allclose(pooled_features(network, images), deepest.mean(axis=(1, 2)), rtol=1e-5, atol=1e-6)


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    write_mini_faces(folder, count=12, size=16)
    (folder / "images" / "broken.png").write_bytes(b"no picture")
    return folder / "images"


@pytest.fixture(scope="module")
def trained(faces, tmp_path_factory):
    """A run of two epochs on a folder, with everything on that is on by default, watched in both ways."""
    run = tmp_path_factory.mktemp("runs") / "run"
    lines = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "offline")
        patch.setenv("WANDB_SILENT", "true")
        patch.setenv("WANDB_DATA_DIR", str(run.parent / "wandb_data"))
        wandb.teardown()  # so that it reads its environment anew
        watch = {"wandb": "faces", "tensorboard": True, "log_every": 1}
        gan.train_gan(faces, run, kimg=0.016, on_broken=lines.append, **watch, **GAN)
    assert len(lines) == 1 and "broken.png" in lines[0]
    return run


def test_every_epoch_is_measured_and_the_best_generator_kept(trained):
    rows, _ = read_log(trained / "log.csv")
    assert len(rows) == 2 and all(set(MEASURES) <= set(row) for row in rows)
    assert all(row["fid-mini"] > 0 and 0 <= row["precision"] <= 1 and 0 <= row["recall"] <= 1 for row in rows)
    last = StyleGAN2Generator.from_preset(trained / "generator").get_weights()
    best = psp_keras.from_preset(trained).get_weights()  # a run folder stands for the best in it
    last_is_best = min(rows, key=lambda row: row["fid-mini"])["epoch"] == 2
    assert all(np.array_equal(a, b) for a, b in zip(last, best)) == last_is_best


def test_watchers_see_losses_and_measures_at_their_steps(trained):
    rows, _ = read_log(trained / "log.csv")
    fids = [row["fid-mini"] for row in rows]
    history, summary, config, artifacts = read_back(trained)
    assert {line["global_step"] for line in history if "generator_loss" in line} == {1, 2, 3, 4}
    measured = [line for line in history if "fid-mini" in line]
    assert [line["global_step"] for line in measured] == [2, 4] and all(set(MEASURES) <= set(line) for line in measured)
    assert [line["fid-mini"] for line in measured] == pytest.approx(fids)
    assert summary["best_fid-mini"] == pytest.approx(min(fids))
    assert config["r1_gamma"] == pytest.approx(0.0002 * 16**2 / 4) and any(a.type == "model" for a in artifacts)
    tags = {}
    for path in (trained / "tensorboard").iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                tags.setdefault(value.tag, set()).add(event.step)
    assert tags["fid-mini"] == tags["samples"] == {2, 4} and tags["generator_loss"] == {1, 2, 3, 4}


def test_the_best_figure_survives_a_restart(faces, trained, monkeypatch):
    resumed = []
    monkeypatch.setattr(
        gan, "fit_resumable", lambda trainer, *_, callbacks, **__: resumed.extend([trainer, *callbacks])
    )
    gan.train_gan(faces, trained, kimg=0.024, **GAN)
    trainer, *callbacks = resumed
    best = min(row["fid-mini"] for row in read_log(trained / "log.csv")[0])
    before = os.stat(trained / "best" / "config.json").st_mtime_ns
    for fid, is_kept in ((best * 1.01, False), (best * 0.99, True)):
        (saver,) = (callback for callback in callbacks if type(callback).__name__ == "_SaveNetworks")
        saver.set_model(trainer)
        saver.on_epoch_end(2, {"fid-mini": fid})
        assert (os.stat(trained / "best" / "config.json").st_mtime_ns != before) == is_kept


def test_a_folder_is_augmented(trained):
    assert all("augmentation_probability" in row for row in read_log(trained / "log.csv")[0])


def test_too_few_samples_are_refused(tmp_path):
    with pytest.raises(UserError, match="3 pictures are too few to measure quality by"):
        gan.train_gan("mini_faces", tmp_path / "run", kimg=0.004, num_mini_faces=4, **{**GAN, "num_quality_samples": 3})
