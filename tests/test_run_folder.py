"""A run folder: whose it is, and that a training goes on whatever is left of it."""

import itertools
import os
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest

from psp_keras.callbacks import ResumableCSVLog, TrainingCheckpoint
from psp_keras.callbacks.csv_log import read_log
from psp_keras.callbacks.training_checkpoint import finished_epochs
from psp_keras.errors import UserError
from psp_keras.training import train_gan
from psp_keras.training.fit_resumable import best_so_far, fit_resumable
from psp_keras.training.run_folder import lock_run, open_run


def model():
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
    network.compile(keras.optimizers.SGD(0.01), "mse")
    return network


def train(run, epochs, network=None):
    """Trains one step an epoch; returns the weights at the end."""
    network = network or model()
    inputs = np.arange(40, dtype="float32").reshape(10, 2, 2) / 40

    def batches(skip):
        return itertools.islice(itertools.cycle((batch, batch[:, :1]) for batch in inputs), skip, None)

    fit_resumable(network, batches, run, epochs, 1, verbose=0)
    return np.array(network.layers[0].kernel)


def finished(folder, epochs=3):
    open_run(folder, {"seed": 0})
    return train(folder, epochs)


def test_changed_options_are_listed_key_by_key(tmp_path):
    options = {"r1_gamma": 0.05, "kimg": 1, "task": {"name": "inversion", "losses": {"l2": 1, "lpips": 0.8}}}
    open_run(tmp_path, options)
    (tmp_path / "checkpoint.npz").write_bytes(b"anything")
    open_run(tmp_path, {**options, "kimg": 2})
    changed = {**options, "r1_gamma": 1.0, "task": {"name": "inversion", "losses": {"l2": 1, "lpips": 0.5}}}
    with pytest.raises(UserError) as refused:
        open_run(tmp_path, changed)
    assert "holds another training (r1_gamma was 0.05, is 1.0, task.losses.lpips was 0.8, is 0.5)" in str(refused.value)


def test_a_training_that_failed_before_its_first_checkpoint_leaves_room_for_other_options(tmp_path):
    open_run(tmp_path / "run", {"learning_rate": 100})
    open_run(tmp_path / "run", {"learning_rate": 0.1})
    assert '"learning_rate": 0.1' in (tmp_path / "run" / "run.json").read_text()


@pytest.mark.parametrize("content", [b"", b"[1, 2]", b"{cut", b"\xff\xfe"])
def test_a_damaged_run_json_costs_a_line(content, tmp_path, capsys):
    expected = finished(tmp_path / "whole", 4)
    finished(tmp_path / "run")
    (tmp_path / "run" / "run.json").write_bytes(content)
    open_run(tmp_path / "run", {"seed": 0})
    np.testing.assert_array_equal(train(tmp_path / "run", 4), expected)
    (line,) = capsys.readouterr().err.splitlines()
    assert "run.json is damaged" in line


def test_a_run_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path / "file", tmp_path / "file" / "run"):
        for act in (lambda place: open_run(place, {}), lambda place: lock_run(place).__enter__()):
            with pytest.raises(UserError, match="file is a file"):
                act(place)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[: len(data) // 2], lambda data: b"garbage" * 99]
)
def test_the_checkpoint_before_takes_the_place_of_a_damaged_one(damage, tmp_path, capsys):
    expected = finished(tmp_path / "whole", 5)
    finished(tmp_path / "run")
    checkpoint = tmp_path / "run" / "checkpoint.npz"
    checkpoint.write_bytes(damage(checkpoint.read_bytes()))
    assert finished_epochs(checkpoint) == 2
    np.testing.assert_array_equal(train(tmp_path / "run", 5), expected)
    (line,) = capsys.readouterr().err.splitlines()
    assert "checkpoint.npz is damaged" in line
    assert [row["epoch"] for row in read_log(tmp_path / "run" / "log.csv")[0]] == [1, 2, 3, 4, 5]


def test_a_damaged_checkpoint_never_replaces_the_good_one(tmp_path, monkeypatch):
    finished(tmp_path)
    (tmp_path / "checkpoint.npz").write_bytes(b"")
    network = model()
    network.optimizer.build(network.trainable_variables)
    checkpoint = TrainingCheckpoint(tmp_path / "checkpoint.npz")
    checkpoint.set_model(network)
    assert checkpoint.restore(network) == 2
    monkeypatch.setattr(os, "replace", lambda *paths: (_ for _ in ()).throw(KeyboardInterrupt))  # as a kill would
    with pytest.raises(KeyboardInterrupt):
        checkpoint.on_epoch_end(2)
    assert finished_epochs(tmp_path / "checkpoint.npz") == 2


def test_a_kill_between_the_renames_of_a_checkpoint_loses_nothing(tmp_path, monkeypatch):
    finished(tmp_path, 2)
    rename, calls = os.replace, []

    def killed(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise KeyboardInterrupt
        rename(source, target)

    network = model()
    network.optimizer.build(network.trainable_variables)
    checkpoint = TrainingCheckpoint(tmp_path / "checkpoint.npz")
    checkpoint.set_model(network)
    checkpoint.restore(network)
    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.on_epoch_end(2)
    monkeypatch.undo()
    assert not (tmp_path / "checkpoint.npz").exists()
    assert TrainingCheckpoint(tmp_path / "checkpoint.npz").restore(network) == 2


@pytest.mark.parametrize(
    "damage, kept",
    [
        (lambda data: b"", []),
        (lambda data: data[:-4], [1, 2]),
        (lambda data: data.replace(b"\n2,", b"\n\xff\x00,"), [1, 3]),
        (lambda data: b"\x00\xff garbage \n\n", []),
        (lambda data: data.replace(b",", b";"), []),
    ],
)
def test_of_a_damaged_log_what_can_be_read_stays(damage, kept, tmp_path, capsys):
    finished(tmp_path)
    log = tmp_path / "log.csv"
    damaged = damage(log.read_bytes())
    log.write_bytes(damaged)
    train(tmp_path, 4)
    assert [row["epoch"] for row in read_log(log)[0]] == [*kept, 4]
    assert (tmp_path / "log.damaged.csv").read_bytes() == damaged
    (line,) = capsys.readouterr().err.splitlines()
    assert "log.csv is damaged" in line


def test_the_best_so_far_is_that_of_the_checkpoint(tmp_path):
    finished(tmp_path)
    log = ResumableCSVLog(tmp_path / "log.csv")
    for epoch, loss in enumerate((0.5, float("nan"), 0.6, 0.1)):  # the fourth was written, its checkpoint not
        log.on_epoch_end(epoch, {"val_loss": loss})
    assert best_so_far(tmp_path, "val_loss") == 0.5


def test_a_second_training_in_a_folder_is_refused(tmp_path):
    code = "import sys, time\nfrom psp_keras.training.run_folder import lock_run\n"
    code += "with lock_run(sys.argv[1]):\n    print('locked', flush=True)\n    time.sleep(600)\n"
    run = tmp_path / "run"
    process = subprocess.Popen([sys.executable, "-c", code, str(run)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "locked\n"
    with pytest.raises(UserError, match="Another training runs in"):
        train_gan("mini_faces", run, kimg=0.001)
    assert not list(run.iterdir())
    process.send_signal(signal.SIGKILL)
    process.wait()
    with lock_run(run):
        pass  # the lock died with its process


def test_a_lock_leaves_nothing_where_nothing_was_written(tmp_path):
    with lock_run(tmp_path / "new" / "run"):
        assert (tmp_path / "new" / "run").is_dir()
    assert not list(tmp_path.iterdir())
