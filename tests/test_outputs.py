"""Outputs: they replace nothing that is not theirs, and appear whole or not at all."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import psp_keras.atomic_write as atomic_write
from psp_keras import from_preset
from psp_keras.check_output import check_files, check_folder
from psp_keras.cli import main
from psp_keras.commands.demo_tour import run_demo
from psp_keras.data.image_files import write_image
from psp_keras.errors import UserError
from psp_keras.models import StyleGAN2Generator
from tests.helpers import tiny_generator, tiny_psp_into_w
from tests.test_cli import error_of


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets") / "tiny"
    tiny_psp_into_w().save_to_preset(folder)
    return folder


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    for i, name in enumerate(("a.png", "b.jpg", "c.png")):
        write_image(folder / name, np.random.default_rng(i).integers(0, 256, (40, 40, 3), dtype=np.uint8))
    return folder


def contents(folder):
    return {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def test_an_input_is_recognised_under_every_name(tmp_path):
    photo = tmp_path / "in" / "photo.png"
    write_image(photo, np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "link.png").symlink_to(photo)
    (tmp_path / "linked").symlink_to(photo.parent)
    os.link(photo, tmp_path / "hard.png")
    names = [photo, tmp_path / "link.png", tmp_path / "linked" / "photo.png", tmp_path / "hard.png"]
    for name in [*names, tmp_path / "in" / ".." / "in" / "photo.png"]:
        with pytest.raises(UserError, match="would replace the input"):
            check_files([name], [photo])
    check_files([tmp_path / "in" / "other.png"], [photo])
    check_files([photo])  # an output of an earlier call


def test_other_kinds_of_files_are_no_outputs(tmp_path):
    (tmp_path / "file").write_text("")
    for output in ("a.txt", "a", "a.json"):
        with pytest.raises(UserError, match=r"must end in \.png"):
            check_files([tmp_path / output], endings=(".png",))
    with pytest.raises(UserError, match="is a folder"):
        check_files([tmp_path])
    with pytest.raises(UserError, match="is no file"):
        check_files(["/dev/null"])
    for place in (tmp_path / "file", tmp_path / "file" / "deep"):
        with pytest.raises(UserError, match=r"Cannot write into .*file is a file"):
            check_folder(place)


def test_no_command_replaces_an_input(preset, photos, tmp_path, capsys):
    before, photo = contents(photos), photos / "a.png"
    (tmp_path / "link").symlink_to(photos)
    data = ["evaluate", preset, "--data", photos]
    for command in (
        ["translate", preset, photo, "--output", tmp_path / "link"],
        ["mix", preset, photo, "--output", photo],
        ["mix", preset, photos, "--output", tmp_path / "link" / "b.jpg"],
        [*data, "--sheet", photos / "b.jpg"],
        [*data, "--output", tmp_path / "r.json", "--sheet", tmp_path / "link" / "a.png"],
        ["project", preset, photo, "--output", photos],
        ["make-sketches", photos, tmp_path / "link"],
        ["client", "http://localhost:1", photo, "--output", photos],
    ):
        assert "would replace the input" in error_of(capsys, *command), command
    photo.rename(photos / "4_photo.png")
    with pytest.raises(UserError, match="would replace the input"):
        run_demo(photos, photo=photos / "4_photo.png")
    (photos / "4_photo.png").rename(photo)
    assert contents(photos) == before and not (tmp_path / "r.json").exists()


def test_no_command_replaces_a_file_or_folder_of_another_kind(preset, photos, tmp_path, capsys):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    before = contents(tmp_path)
    data = ["evaluate", preset, "--data", "mini_faces"]
    for command, message in (
        ([*data, "--output", photos / "a.png"], "must end in .json"),
        ([*data, "--sheet", mine / "thesis.txt"], "must end in .jpg"),
        (["mix", preset, photos, "--output", mine / "thesis.txt"], "must end in .jpg"),
        (["translate", preset, photos, "--output", mine / "thesis.txt"], "thesis.txt is a file"),
        (["mini-faces", mine / "thesis.txt", "--count", "1"], "thesis.txt is a file"),
        (["export", preset, mine], "is not empty"),
        (["export", preset, mine / "thesis.txt"], "thesis.txt is a file"),
        (["demo", "--output", mine / "thesis.txt"], "thesis.txt is a file"),
        (["train", "--data", photos, "--output", mine / "thesis.txt"], "thesis.txt is a file"),
        (["train-gan", "--data", photos, "--output", mine / "thesis.txt"], "thesis.txt is a file"),
    ):
        assert message in error_of(capsys, *command), command
    with pytest.raises(UserError, match="is not empty and holds no preset"):
        tiny_generator().save_to_preset(mine)
    assert contents(tmp_path) == before


def test_what_a_command_wrote_may_be_written_anew(preset, photos, tmp_path):
    for _ in range(2):
        assert main(["mix", str(preset), str(photos), "--output", str(tmp_path / "mixes.png")]) == 0
        assert main(["make-sketches", str(photos), str(tmp_path / "sketches")]) == 0
        assert main(["mini-faces", str(tmp_path / "faces"), "--count", "2", "--size", "32"]) == 0
    assert not list(tmp_path.rglob(".writing*"))


def test_a_preset_is_replaced_as_a_whole_and_its_card_stays(tmp_path):
    tiny_generator().save_to_preset(tmp_path / "preset")
    (tmp_path / "preset" / "README.md").write_text("card")
    (tmp_path / "link").symlink_to(tmp_path / "preset")
    tiny_generator(16).save_to_preset(tmp_path / "link")
    assert from_preset(tmp_path / "preset").resolution == 16
    assert sorted(path.name for path in (tmp_path / "preset").iterdir()) == [
        *["README.md", "config.json", "model.weights.h5"]
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "preset"]


class Killed(BaseException):
    pass


@pytest.mark.parametrize("step", range(1, 5))
def test_a_kill_while_a_preset_is_replaced_leaves_a_whole_one(step, tmp_path, monkeypatch):
    """Nothing that would clean up runs after a kill, so from that step on every change of a file fails."""
    tiny_generator().save_to_preset(tmp_path / "run" / "best")
    changes = []

    def dying(change):
        def call(*arguments, **options):
            changes.append(change)
            if len(changes) >= step:
                raise Killed
            return change(*arguments, **options)

        return call

    other = tiny_generator(16)
    with monkeypatch.context() as patched:
        for room, name in ((atomic_write.os, "rename"), (atomic_write.os, "replace"), (shutil, "rmtree")):
            patched.setattr(room, name, dying(getattr(room, name)))
        with contextlib.suppress(Killed):
            other.save_to_preset(tmp_path / "run" / "best")
    assert StyleGAN2Generator.from_preset(tmp_path / "run").resolution in (16, 32)
    other.save_to_preset(tmp_path / "run" / "best")
    assert StyleGAN2Generator.from_preset(tmp_path / "run").resolution == 16
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["best"]


FULL_DISK = """
import resource, signal, sys
import numpy as np
from psp_keras.callbacks import TrainingCheckpoint
from psp_keras.data import write_image
from psp_keras.errors import UserError
from psp_keras.serving import export
from tests.helpers import tiny_psp_into_w

model = tiny_psp_into_w()
model.compile("adam")
checkpoint = TrainingCheckpoint("checkpoint.npz")
checkpoint.set_model(model)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20 * 1024,) * 2)
for write in (
    lambda: model.save_to_preset("preset"),
    lambda: model.save_to_preset("int8", dtype="int8"),
    lambda: export(model, "psp/1"),
    lambda: export(model, "psp.onnx", format="onnx"),
    lambda: export(model, "psp.tflite", format="litert"),
    lambda: write_image("a.png", np.random.randint(0, 256, (200, 200, 3), "uint8")),
    lambda: checkpoint.on_epoch_end(0),
):
    print("begin", file=sys.stderr, flush=True)
    try:
        write()
    except UserError as error:
        print(error, file=sys.stderr, flush=True)
"""


def test_a_full_disk_costs_one_line_and_leaves_nothing(tmp_path):
    """No file may grow beyond a limit, which libraries meet as they do a full disk."""
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", FULL_DISK]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    _, *writes = result.stderr.split("begin\n")
    for said, name in zip(writes, ("preset", "int8", "psp/1", "psp.onnx", "psp.tflite", "a.png", "checkpoint.npz")):
        assert said == f"Cannot write {name}: File too large.\n"
    assert len(writes) == 7 and not [path for path in tmp_path.rglob("*") if path.is_file()]
