"""The command line as its users meet it: what it writes, and what it says when something is wrong."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from psp_keras import cli
from psp_keras.cli import main
from psp_keras.data.image_files import write_image
from psp_keras.losses.psp_loss import TERMS
from psp_keras.tasks import TASKS


@pytest.fixture
def preset(psp_preset):
    return psp_preset


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    for name in ("a.png", "b.jpg", "sub/a.png"):
        write_image(folder / name, np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8))
    return folder


def error_of(capsys, *arguments):
    """Runs a command that must fail with exit code 2 and one line."""
    assert main(list(map(str, arguments))) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("psp-keras: "), lines
    return lines[0]


def test_translate_writes_a_picture_for_each_file(preset, pictures, tmp_path, capsys):
    output = tmp_path / "out"
    assert main(["translate", preset, str(pictures), "--output", str(output)]) == 0
    assert sorted(path.name for path in output.iterdir()) == ["a.png", "a_png.png", "b.png"]
    assert Image.open(output / "b.png").size == (32, 32)
    assert "3 pictures in" in capsys.readouterr().out


def test_couple_puts_source_and_output_side_by_side(preset, pictures, tmp_path):
    assert main(["translate", preset, str(pictures / "a.png"), "--output", str(tmp_path / "out"), "--couple"]) == 0
    assert Image.open(tmp_path / "out" / "a.png").size == (64, 32)


def test_a_broken_file_is_named_and_the_rest_is_done(preset, pictures, tmp_path, capsys):
    (pictures / "c.png").write_bytes(b"broken")
    assert main(["translate", preset, str(pictures), "--output", str(tmp_path / "out")]) == 1
    assert "c.png" in capsys.readouterr().err
    assert len(list((tmp_path / "out").iterdir())) == 3
    assert main(["mix", preset, str(pictures), "--latent-mask", "0", "--output", str(tmp_path / "mixes.png")]) == 1
    assert "left out: Cannot read" in capsys.readouterr().err


def test_mistakes_get_one_line(preset, pictures, tmp_path, capsys):
    out = tmp_path / "out"
    assert "There is no preset 'nothing'" in error_of(capsys, "translate", "nothing", pictures, "--output", out)
    assert "There is no file or folder" in error_of(capsys, "translate", preset, tmp_path / "x", "--output", out)
    (tmp_path / "empty").mkdir()
    assert "holds no pictures" in error_of(capsys, "translate", preset, tmp_path / "empty", "--output", out)
    (tmp_path / "file").write_text("")
    assert "Cannot write" in error_of(capsys, "translate", preset, pictures, "--output", tmp_path / "file")
    assert "There is no preset 'nothing'" in error_of(
        capsys, "train", "--data", pictures, "--output", tmp_path / "run", "--generator", "nothing"
    )
    assert "There is no folder" in error_of(capsys, "train-gan", "--data", tmp_path / "x", "--output", tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert "names style 17" in error_of(
        capsys, "mix", preset, pictures, "--output", out / "m.png", "--latent-mask", "8-17"
    )
    assert "`size` must be at least 16" in error_of(capsys, "mini-faces", out, "--size", "8")
    assert "would replace the input" in error_of(capsys, "translate", preset, pictures / "a.png", "--output", pictures)
    assert not out.exists()


def test_damaged_weights_are_named(preset, pictures, tmp_path, capsys):
    shutil.copytree(preset, tmp_path / "cut")
    weights = tmp_path / "cut" / "model.weights.h5"
    weights.write_bytes(weights.read_bytes()[:3000])
    line = error_of(capsys, "translate", tmp_path / "cut", pictures, "--output", tmp_path / "out")
    assert str(weights) in line


def test_mix_draws_a_grid(preset, pictures, tmp_path):
    arguments = ["mix", preset, str(pictures), "--outputs", "2", "--latent-mask", "0-1,5", "--alpha", "0.5"]
    assert main([*arguments, "--output", str(tmp_path / "one.png")]) == 0
    assert main([*arguments, "--output", str(tmp_path / "two.png")]) == 0
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_evaluate_writes_per_image_measures(preset, tmp_path, capsys, pictures):
    report = tmp_path / "report.json"
    assert main(["evaluate", preset, "--data", str(pictures), "--output", str(report)]) == 0
    content = json.loads(report.read_text())
    assert content["count"] == len(content["images"]) == 3
    assert set(content["summary"]) == {"model", "average_face", "another_picture"}
    assert "average face" in capsys.readouterr().out


def test_mini_faces_and_presets(tmp_path, capsys):
    assert main(["mini-faces", str(tmp_path / "faces"), "--count", "2", "--size", "32"]) == 0
    assert len(list((tmp_path / "faces" / "sketches").iterdir())) == 2
    assert main(["presets"]) == 0
    assert "mini_faces_inversion" in capsys.readouterr().out


def test_help_is_quick_and_imports_nothing_heavy():
    code = "import sys, psp_keras.cli as c\ntry: c.main(['--help'])\nexcept SystemExit: pass\n"
    code += "assert not {'keras', 'tensorflow', 'numpy'} & set(sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "translate" in result.stdout and "train-gan" in result.stdout


def test_wrong_options_exit_with_2():
    for arguments in (
        ["nonsense"],
        ["translate"],
        ["demo", "--steps", "0"],
        ["mix", "p", "i", "--output", "o", "--latent-mask", "5-2"],
    ):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2


def test_the_command_line_knows_every_task_and_loss():
    assert set(cli._TASKS) == set(TASKS) and set(cli._LOSSES) == set(TERMS)  # it must not import them for --help
