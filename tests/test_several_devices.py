"""`psp-keras train --devices 2` computes what one device would, and `train-gan --devices 2` nearly."""

import csv
import importlib.util
import os
import socket
import subprocess
import sys

import keras
import pytest

from psp_keras.cli import main
from psp_keras.training import synchronize_batch_norm
from tests.helpers import tiny_encoder

# Eight steps: Lookahead's sixth among them.
OPTIONS = "--data mini_faces --encoder into_w --num-layers 10 --width 4 --id 0 --w-norm 0.01 --num-mini-faces 40"
STEPS = "--steps 8 --steps-per-epoch 4 --batch-size 8 --dtype float32"
GAN_OPTIONS = (
    "--data mini_faces --num-mini-faces 40 --resolution 16 --style-dim 8 --mapping-layers 2 --channel-base 64 "
    "--channel-max 8 --batch-size 8 --steps-per-epoch 4 --kimg 0.064 --dtype float32"
)


@pytest.fixture
def generator(generator_preset):
    return generator_preset


def command(generator, output, *more):
    places = ["--generator", generator, "--output", str(output)]
    return ["train", *OPTIONS.split(), *STEPS.split(), *more, *places]


def gan_command(output, *more):
    return ["train-gan", *GAN_OPTIONS.split(), *more, "--output", str(output)]


def start(generator, output, *more, **environment):
    return start_command(command(generator, output, *more), **environment)


def start_command(arguments, **environment):
    """Trains in a process of its own: TensorFlow divides a CPU only before its first operation."""
    return subprocess.Popen(
        [sys.executable, "-m", "psp_keras", *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process):
    said, _ = process.communicate()
    assert process.returncode == 0, said[-2000:]


def read_log(output):
    with open(output / "log.csv", newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def assert_same_losses(measured, expected):
    assert len(measured) == len(expected) == 2
    for there, here in zip(measured, expected):
        assert there == pytest.approx(here, rel=1e-4)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's own way")
def test_two_devices_have_the_losses_of_one(generator, tmp_path):
    two = start(generator, tmp_path / "two", "--devices", "2", "--sync-batch-norm")
    assert main(command(generator, tmp_path / "one")) == 0
    finish(two)
    assert_same_losses(read_log(tmp_path / "two"), read_log(tmp_path / "one"))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's own way")
def test_a_generator_trains_on_two_devices_nearly_as_on_one(tmp_path):
    two = start_command(gan_command(tmp_path / "two", "--devices", "2"))
    assert main(gan_command(tmp_path / "one")) == 0
    finish(two)
    for there, here in zip(read_log(tmp_path / "two"), read_log(tmp_path / "one"), strict=True):
        # The discriminator compares the pictures of a device, and the path-length noise is drawn for fewer.
        for name in ("discriminator_loss", "generator_loss"):
            assert there[name] == pytest.approx(here[name], rel=0.03), name


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="`make test-backends` installs it")
def test_two_processes_have_the_losses_of_one(generator, tmp_path):
    finish(start(generator, tmp_path / "one", KERAS_BACKEND="jax"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    together = {"KERAS_DISTRIBUTION_JOB_ADDRESSES": address, "KERAS_DISTRIBUTION_NUM_PROCESSES": "2"}
    processes = [
        start(
            generator,
            tmp_path / "two",
            *("--devices", "2"),
            KERAS_BACKEND="jax",
            KERAS_DISTRIBUTION_PROCESS_ID=str(number),
            **together,
        )
        for number in range(2)
    ]
    for process in processes:
        finish(process)
    assert_same_losses(read_log(tmp_path / "two"), read_log(tmp_path / "one"))
    names = {path.name for path in (tmp_path / "two").iterdir()}
    assert names == {"best", "last", "grids", "log.csv", "checkpoint.npz", "run.json"}


def test_mistakes_are_named(generator, tmp_path, capsys):
    train = ["train", *OPTIONS.split(), "--generator", generator, "--output", str(tmp_path / "run")]
    assert main([*train, "--devices", "2", "--batch-size", "5"]) == 2
    assert "--batch-size 5 is not a multiple of --devices 2" in capsys.readouterr().err
    if keras.backend.backend() == "tensorflow":
        keras.ops.zeros(1)
        assert main([*train, "--devices", "64", "--batch-size", "64"]) == 2
        assert "into 64 devices only before its first operation" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="JAX synchronises them by itself")
def test_batch_norms_must_exist_to_be_synchronized():
    with pytest.raises(ValueError, match="is not built"):
        synchronize_batch_norm(tiny_encoder())
    encoder = tiny_encoder()
    encoder.build((None, 32, 32, 3))
    synchronize_batch_norm(encoder)
    assert encoder.backbone.input_norm.synchronized
