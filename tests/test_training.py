"""The trainers on tiny networks: they run, write what they promise, and resume after a SIGKILL."""

import functools
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

from psp_keras import PSP, dtypes
from psp_keras.callbacks import TrainingCheckpoint
from psp_keras.cli import main
from psp_keras.data.mini_faces.folders import write_mini_faces
from psp_keras.errors import UserError
from psp_keras.models import ArcFace, PerceptualNetwork, StyleGAN2Generator
from psp_keras.training import measure_arcface, train_arcface, train_gan, train_psp, train_vgg
from psp_keras.training.vgg import measure_vgg
from tests.helpers import tiny_psp

SMALL = {"num_mini_faces": 40, "batch_size": 4, "steps_per_epoch": 2}
GAN = {
    **SMALL,
    "num_quality_samples": 8,
    "resolution": 16,
    "style_dim": 8,
    "mapping_layers": 2,
    "channel_base": 64,
    "channel_max": 8,
}


def test_train_gan_writes_a_generator_and_resumes(tmp_path, monkeypatch):
    train_gan("mini_faces", tmp_path / "whole", kimg=0.016, **GAN)
    train_gan("mini_faces", tmp_path / "resumed", kimg=0.008, **GAN)
    began_with = dtypes.has_bfloat16()
    monkeypatch.setattr(dtypes, "has_bfloat16", lambda: not began_with)  # it goes on on another machine
    generator = train_gan("mini_faces", tmp_path / "resumed", kimg=0.016, **GAN)
    assert sorted(path.name for path in (tmp_path / "resumed").iterdir()) == [
        *[
            "best",
            "checkpoint.npz",
            "checkpoint.previous.npz",
            "discriminator",
            "generator",
            "log.csv",
            "run.json",
            "samples",
        ]
    ]
    assert len(list((tmp_path / "resumed" / "samples").iterdir())) == 2
    log = (tmp_path / "resumed" / "log.csv").read_text().splitlines()
    assert len(log) == 3 and "augmentation_probability" not in log[0]  # MiniFaces do not run out
    assert np.abs(np.array(generator.latent_average)).max() > 0
    whole = StyleGAN2Generator.from_preset(tmp_path / "whole" / "generator")
    for one, other in zip(whole.weights, generator.weights):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5, err_msg=one.path)


def test_train_arcface_and_train_vgg(tmp_path, monkeypatch):
    for function, option in ((measure_arcface, "num_pairs"), (measure_vgg, "num_images")):
        fewer = functools.partial(function, **{option: 100})
        monkeypatch.setattr(f"{function.__module__}.{function.__name__}", fewer)
    size = {"image_size": 32, "embedding_dim": 8, "width": 4, "batch_size": 8}
    measured = train_arcface(tmp_path / "a", num_identities=4, images_per_identity=4, epochs=1, **size)
    assert {"cosine_same_person", "cosine_different_people", "same_above_different"} == set(measured)
    assert ArcFace.from_preset(tmp_path / "a" / "arcface").embedding_dim == 8
    measured = train_vgg(tmp_path / "v", width=4, num_images=16, epochs=1, batch_size=8)
    assert measured["explained_variance"] < 1
    assert PerceptualNetwork.from_preset(tmp_path / "v" / "vgg").width == 4


def test_a_killed_training_ends_with_the_weights_of_an_uninterrupted_one(generator_preset, tmp_path, capsys):

    def command(output):
        options = "--data mini_faces --encoder into_w --num-layers 10 --width 4 --lpips 0 --id 0 --steps 8"
        options += " --dtype float32"
        options += " --steps-per-epoch 2 --batch-size 4 --num-mini-faces 40"
        places = ["--generator", generator_preset, "--output", str(tmp_path / output)]
        return ["train", *options.split(), *places]

    assert main(command("whole")) == 0
    module = [sys.executable, "-m", "psp_keras"]
    process = subprocess.Popen([*module, *command("killed")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    checkpoint = tmp_path / "killed" / "checkpoint.npz"
    deadline = time.time() + 300
    while not checkpoint.exists() and time.time() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with np.load(checkpoint) as state:
        assert 1 <= state["epochs"] < 4, "the training was over before it could be killed"
    capsys.readouterr()
    assert main(command("killed")) == 0
    assert "goes on after epoch" in capsys.readouterr().out
    with np.load(tmp_path / "whole" / "checkpoint.npz") as whole, np.load(checkpoint) as killed:
        assert whole.files == killed.files and len(whole.files) > 100
        for name in whole.files:
            np.testing.assert_allclose(killed[name], whole[name], rtol=1e-4, atol=1e-6, err_msg=name)


def test_train_psp_learns_from_a_folder_and_keeps_its_best(generator_preset, tmp_path):
    write_mini_faces(tmp_path / "faces", count=40, size=32)
    (tmp_path / "faces" / "images" / "broken.png").write_bytes(b"no picture")
    left_out = []
    train_psp(
        tmp_path / "run",
        data=str(tmp_path / "faces" / "images"),
        generator=generator_preset,
        encoder="into_w",
        num_layers=10,
        width=4,
        losses={"lpips": 0, "id": 0},
        steps=4,
        steps_per_epoch=2,
        batch_size=4,
        on_broken=left_out.append,
    )
    assert len(left_out) == 1 and "broken.png" in left_out[0]
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"best", "last", "grids", "log.csv", "checkpoint.npz", "checkpoint.previous.npz", "run.json"}
    assert PSP.from_preset(tmp_path / "run").encoder.name == "encoder"  # a run folder is as good as a preset
    assert len(list((tmp_path / "run" / "grids").iterdir())) == 2


def test_a_length_of_nothing_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(UserError, match="`kimg` must be a number above 0, got 0"):
        train_gan("mini_faces", tmp_path / "run", kimg=0, **GAN)
    with pytest.raises(UserError, match="`steps` must be a whole number of at least 1, got nan"):
        train_psp(tmp_path / "run", data="mini_faces", steps=float("nan"))
    assert not list(tmp_path.iterdir())


def test_checkpoints_of_other_models_are_refused(tmp_path):
    model = tiny_psp()
    model.compile("adam")
    model.optimizer.build(model.trainable_variables)
    checkpoint = TrainingCheckpoint(tmp_path / "checkpoint.npz")
    checkpoint.set_model(model)
    checkpoint.on_epoch_end(4)
    assert checkpoint.restore(model) == 5
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    other.compile("adam")
    with pytest.raises(UserError, match="does not fit this training"):
        checkpoint.restore(other)
    (tmp_path / "checkpoint.npz").write_bytes(b"PK cut")
    with pytest.raises(UserError, match=r"checkpoint\.npz"):
        checkpoint.restore(model)
