"""The command line as its users meet it: what it writes, and what it says when something is wrong."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from psp_keras.cli import COMMANDS, load_command, main
from psp_keras.command_line import spell
from psp_keras.data.image_files import write_image


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
    assert "--size must be a whole number of at least 16, got 8" in error_of(capsys, "mini-faces", out, "--size", "8")
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
    code = "import sys, psp_keras.cli as c\nfor a in [[], *([name] for name in c.COMMANDS)]:\n"
    code += "    try: c.main([*a, '--help'])\n    except SystemExit: pass\n"
    code += "assert not {'keras', 'tensorflow', 'numpy'} & set(sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "translate" in result.stdout and "train-gan" in result.stdout


def exit_code(*arguments):
    """Of a whole `psp-keras` process; argparse leaves at once where words are missing."""
    try:
        return main(list(arguments))
    except SystemExit as stopped:
        return stopped.code


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nonsense"], "There is no command 'nonsense'"),
        (["trian"], "did you mean train?"),
        (["translate"], "the following arguments are required: preset, INPUT, --output (see psp-keras translate"),
        (["demo", "--steps", "0"], "--steps must be a whole number of at least 1, got 0."),
        (["demo", "--seed", "-1"], "--seed must be a whole number from 0 to 4294967295, got -1."),
        (["demo", "--seed", "4294967296"], "--seed must be"),
        (["demo", "--output", ""], "--output must not be empty."),
        (["demo", "--output", "README.md/x"], "Cannot write into README.md/x: README.md is a file."),
        (["mix", "mini_faces_inversion", ".", "--output", "o.png", "--latent-mask", "5-2"], "got '5-2'"),
        (["mix", "mini_faces_inversion", ".", "--output", "o.png", "--latent-mask", "1-2-9"], "got '1-2-9'"),
        (
            ["mix", "mini_faces_inversion", ".", "--output", "o.png", "--alpha", "nan"],
            "--alpha must be a number from 0",
        ),
        (
            ["mix", "mini_faces_inversion", ".", "--output", "o.png", "--alpha", "1.5"],
            "--alpha must be a number from 0",
        ),
        (["mix", "mini_faces_inversion", ".", "--output", "o"], "--output must end in .jpg, "),
        (["mix", "mini_faces_inversion", ".", "--output", "o.xyz"], "--output must end in .jpg, "),
        (["mix", "mini_faces_inversion", ".", "--output", "tests"], "--output must end in .jpg, "),
        (["mix", "mini_faces_inversion", "", "--output", "o.png"], "INPUT must not be empty."),
        (["translate", "mini_faces_inversion", "nowhere", "--output", "o"], "There is no file or folder nowhere."),
        (["make-sketches", ".", "o", "--thickness", "nan"], "--thickness must be a number from 0 to 20, got nan."),
        (
            ["client", "http://x", ".", "--output", "o", "--timeout", "-1"],
            "--timeout must be a number above 0, got -1.0.",
        ),
        (["train", "--output", "o", "--learning-rate", "inf"], "--learning-rate must be a number above 0, got inf."),
        (["train", "--output", "o", "--l2", "-1"], "--l2 must be a number of at least 0, got -1.0."),
        (["train", "--output", "o", "--l2", "much"], "--l2 must be a number of at least 0, got 'much'."),
        (["train", "--output", "o", "--encoder", "x"], "--encoder must be one of gradual, "),
        (
            ["train-gan", "--output", "o", "--data", "mini_faces", "--kimg", "0"],
            "--kimg must be a number above 0, got 0.0.",
        ),
        (["evaluate", "mini_faces_inversion", "--output", "r.txt"], "--output must end in .json, got 'r.txt'."),
        (
            ["export", "mini_faces_inversion", "o", "--format", "zip"],
            "--format must be one of saved_model, onnx, litert",
        ),
    ],
)
def test_wrong_words_get_one_line_before_anything_is_loaded(arguments, line, capsys, monkeypatch):
    monkeypatch.setattr("psp_keras.command_line.import_tensorflow_quietly", lambda: pytest.fail("too late"))
    assert exit_code(*arguments) == 2
    error = capsys.readouterr().err
    assert line in error and error.startswith("psp-keras: ") and error.count("\n") == 1


def test_an_error_that_nobody_foresaw_exits_with_3(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("psp_keras.commands.presets.list_presets", lambda: 1 / 0)
    assert main(["presets"]) == 3
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "please report" in error and "ZeroDivisionError" in error
    (report,) = tmp_path.glob("psp-keras-*.txt")
    assert str(report) in error and "Traceback" in report.read_text()


def test_messages_of_the_library_are_spelled_as_flags():
    command = load_command("mix")
    assert spell("`latent_mask` and `inputs`, not `other`.", command) == "--latent-mask and INPUT, not `other`."
    assert spell("`num_outputs` is wrong.", command) == "--outputs is wrong."


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([name, "--help"])
    assert stopped.value.code == 0
    assert load_command(name).__doc__.split()[0] in capsys.readouterr().out


def test_switches_show_no_default_and_other_options_do(capsys):
    exit_code("train-gan", "--help")
    text = capsys.readouterr().out
    assert "(default: True)" not in text and "(default: 200)" in text
