"""Watching a training: what W&B, in its offline mode, and TensorBoard were really given."""

import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import wandb
from wandb.proto import wandb_internal_pb2

from psp_keras.callbacks import start_wandb
from psp_keras.callbacks.loss_names import named_losses
from psp_keras.callbacks.wandb_run import safely
from psp_keras.cli import main
from psp_keras.data import read_image
from psp_keras.errors import UserError
from psp_keras.models import ArcFace


def read_back(folder):
    """Everything in the transaction log of an offline run: history, summary, configuration, artifacts."""
    history, summary, config, artifacts = [], {}, {}, []
    for data in _records(next(folder.glob("wandb/offline-run-*/run-*.wandb")).read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        if record.HasField("history"):
            history.append(_items(record.history.item))
        elif record.HasField("summary"):
            summary |= _items(record.summary.update)
        elif record.HasField("run"):
            config |= _items(record.run.config.update)
        elif record.HasField("artifact"):
            artifacts.append(record.artifact)
        elif record.request.HasField("log_artifact"):
            artifacts.append(record.request.log_artifact.artifact)
    return history, summary, config, artifacts


def _records(log, block=32768):
    """The records of a LevelDB log, which W&B writes behind 7 bytes of its own."""
    position, parts = 7, b""
    while position + 7 <= len(log):
        if block - position % block < 7:
            position += block - position % block
            continue
        length, kind = struct.unpack_from("<HB", log, position + 4)
        parts += log[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (1, 4):  # a whole record, or the last part of one
            yield parts
            parts = b""


def _items(items):
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


@pytest.fixture(scope="module")
def run(generator_preset, tmp_path_factory):
    """A training on sketches with an identity loss, watched in both ways."""
    folder = tmp_path_factory.mktemp("watched")
    arcface = ArcFace(32, 16, 10, width=4)
    arcface.build()
    arcface.save_to_preset(folder / "arcface")
    patch = pytest.MonkeyPatch()
    patch.setenv("WANDB_MODE", "offline")
    patch.setenv("WANDB_SILENT", "true")
    patch.setenv("WANDB_DATA_DIR", str(folder / "wandb_data"))
    wandb.teardown()  # so that it reads its environment anew
    options = (
        "--task segmentation_to_face --data mini_faces --num-mini-faces 24 --encoder into_w --num-layers 10 --width 4"
    )
    options += (
        " --lpips 0 --id 0.1 --steps 4 --steps-per-epoch 2 --batch-size 4 --log-every 1 --wandb faces --tensorboard"
    )
    places = ["--generator", generator_preset, "--arcface", str(folder / "arcface")]
    assert main(["train", *options.split(), *places, "--output", str(folder / "run")]) == 0
    patch.undo()
    return folder / "run"


def test_wandb_has_the_losses_against_the_global_step(run):
    history, summary, config, _ = read_back(run)
    lines = [line for line in history if "train_loss_l2" in line]
    assert {line["global_step"] for line in lines} == {1, 2, 3, 4}
    names = {"train_loss", "train_loss_l2", "train_loss_id", "train_id_improvement", "train_loss_w_norm"}
    assert names <= set(lines[0]) and lines[0]["learning_rate"] > 0
    validated = [line for line in history if "test_loss" in line]
    assert [line["global_step"] for line in validated] == [2, 4]
    assert {"test_loss_l2", "test_loss_id", "test_loss_w_norm"} <= set(validated[0])
    assert config["task"]["name"] == "segmentation_to_face" and config["batch_size"] == 4
    assert summary["best_step"] in (2, 4) and summary["best_seconds"] > 0


def tables_of(run):
    """Each table that was logged: name, content, and the local file of each of its pictures."""
    for artifact in read_back(run)[3]:
        if artifact.type == "run_table":
            files = {entry.path: Path(entry.local_path) for entry in artifact.manifest.contents}
            name = artifact.name.split("-")[-1]
            yield name, json.loads(files[f"{name}.table.json"].read_text()), files


def test_wandb_has_the_tables_and_their_pictures(run):
    steps = {}
    for line in read_back(run)[0]:
        for key in line:
            if key.endswith("/ncols"):
                steps.setdefault(key.removesuffix("/ncols"), []).append(line["global_step"])
    assert steps == {
        "train_samples": [0],
        "test_samples": [0],
        "test_translations": [2, 4],
        "train_translations": [2, 4],
    }
    tables = {name: (table, files) for name, table, files in tables_of(run)}
    assert set(tables) == set(steps)
    samples = tables["train_samples"][0]
    assert samples["columns"] == ["Source", "Target"] and len(samples["data"]) == 16
    assert samples["data"] != tables["test_samples"][0]["data"]
    translated, files = tables["test_translations"]
    assert translated["columns"] == ["Source", "Target", "Output", "Identity cosine"] and len(translated["data"]) == 8
    *images, cosine = translated["data"][0]
    assert -1 <= cosine <= 1
    source, target, output = (read_image(files[image["path"]], 32) for image in images)
    assert 3 < len({tuple(color) for color in source.reshape(-1, 3)}) <= 14, "the map is not in palette colours"
    assert target.std() > 5 and output.std() > 0


def test_wandb_has_the_best_model_as_an_artifact(run):
    artifacts = [artifact for artifact in read_back(run)[3] if artifact.type == "model"]
    assert artifacts and "best" in artifacts[-1].aliases
    assert {entry.path for entry in artifacts[-1].manifest.contents} == {"config.json", "model.weights.h5"}


def test_tensorboard_has_the_same_scalars_and_a_grid(run):
    scalars, grids = {}, []
    for path in (run / "tensorboard").iterdir():
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                if value.tag == "translations":
                    grids.append(tf.io.decode_png(tf.make_ndarray(value.tensor)[2]).numpy())
                else:
                    scalars.setdefault(value.tag, {})[event.step] = float(tf.make_ndarray(value.tensor))
    assert set(scalars["train_loss_l2"]) == {1, 2, 3, 4} and set(scalars["test_loss_id"]) == {2, 4}
    assert len(grids) == 2 and grids[0].shape[-1] == 3 and np.std(grids[0]) > 10
    logged = [line["test_loss"] for line in read_back(run)[0] if "test_loss" in line]
    np.testing.assert_allclose(list(scalars["test_loss"].values()), logged, rtol=1e-5)


def test_losing_wandb_costs_a_line_and_no_training(capsys):
    def broken(values):
        raise ConnectionError("no route to host")

    assert safely(broken, {}) is None
    assert "W&B did not take this: no route to host. The training goes on." in capsys.readouterr().err


def test_without_wandb_the_flag_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(UserError, match=r"pip install 'psp-keras\[wandb\]'"):
        start_wandb("faces", tmp_path, {})


def test_disabled_wandb_writes_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    wandb.teardown()
    start_wandb("faces", tmp_path, {})
    wandb.finish()
    assert not (tmp_path / "wandb").exists()


def test_loss_names_are_those_of_the_published_code():
    logs = {"loss": 1, "lpips": 2, "id_improvement": 3, "val_loss": 4, "val_w_norm": 5}
    names = ["train_loss", "train_loss_lpips", "train_id_improvement", "test_loss", "test_loss_w_norm"]
    assert named_losses(logs) == dict(zip(names, range(1, 6)))
