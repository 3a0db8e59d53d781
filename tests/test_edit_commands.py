"""`psp-keras directions` and `psp-keras edit` as their users meet them."""

import keras
import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from psp_keras import from_preset
from psp_keras.cli import main
from psp_keras.commands.edit_files import edit_files
from psp_keras.data.image_files import to_float, to_uint8, write_image
from psp_keras.editing import Direction, KnownGenerator, load_directions, read_scores, save_directions
from psp_keras.errors import UserError
from psp_keras.option_kinds import Strengths
from tests.parity import DATA


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    for number in range(2):
        picture = np.random.default_rng(number).integers(0, 256, (32, 32, 3), dtype=np.uint8)
        write_image(folder / f"{number}.png", picture)
    return folder


@pytest.fixture
def directions(tmp_path, psp_preset):
    """A folder with two directions of the tiny pSp's generator, and one of another."""
    known = KnownGenerator.of(from_preset(psp_preset).generator, psp_preset)
    other = KnownGenerator("other", 8, 16, "0" * 64)
    steps = np.random.default_rng(0).normal(size=(3, 16))
    names = (("smile", known), ("age", known), ("far", other))
    save_directions(tmp_path / "d", [Direction(name, step, generator=g) for step, (name, g) in zip(steps, names)])
    return tmp_path / "d"


def run(*arguments):
    return main(list(map(str, arguments)))


def error_of(capsys, *arguments):
    capsys.readouterr()
    assert run(*arguments) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("psp-keras: "), lines
    return lines[0]


def test_the_face_of_a_photo_is_edited(directions, psp_preset, tmp_path, capsys):
    write_image(tmp_path / "photos" / "me.png", astronaut())
    write_image(tmp_path / "photos" / "nobody.png", np.zeros((40, 40, 3), "uint8"))
    options = ["--direction", directions / "smile", "--strength", "1", "--align", "--output", tmp_path / "out"]
    assert run("edit", psp_preset, tmp_path / "photos", *options) == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["me.png"]
    assert "nobody.png: there is no face in it" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["sefa", "--styles", "0-3"], ["ganspace", "--num-samples", "500"]])
def test_directions_are_found_and_shown(options, generator_preset, tmp_path, capsys):
    method, *rest = options
    folder = tmp_path / method
    assert run("directions", method, generator_preset, *rest, "--num-directions", 2, "--output", folder) == 0
    found = load_directions(folder)
    assert len(found) == 2 and all(one.generator.name == generator_preset for one in found.values())
    assert run("directions", "show", folder, "--output", tmp_path / "d.png", "--strength", "-3:3:3") == 0
    width, height = Image.open(tmp_path / "d.png").size
    assert width > 300 and height > 200
    assert "2 directions in" in capsys.readouterr().out


def test_directions_of_scores(psp_preset, tmp_path, capsys):
    pytest.importorskip("sklearn")
    assert run("mini-faces", tmp_path / "faces", "--count", 40, "--size", 32) == 0
    table, images = tmp_path / "faces" / "attributes.jsonl", tmp_path / "faces" / "images"
    command = ["directions", "interfacegan", psp_preset, images, "--scores", table, "--output", tmp_path / "d"]
    assert run(*command, "--names", "yaw,smile", "--conditional", "--extremes", 0.3) == 0
    found = load_directions(tmp_path / "d")
    assert list(found) == ["yaw", "smile"] and found["yaw"].step.shape == (8, 16)
    assert "%" in capsys.readouterr().out
    assert "no column of numbers called 'hair_style'" in error_of(capsys, *command, "--names", "hair_style")
    assert "--extremes" in error_of(capsys, *command, "--extremes", 0)


def test_published_directions_are_read_for_a_generator_they_fit(generator_preset, tmp_path, capsys):
    boundary = np.random.default_rng(0).normal(size=(1, 16))
    np.save(tmp_path / "smile.npy", boundary)
    assert run("directions", "read", generator_preset, tmp_path / "smile.npy", "--output", tmp_path / "d") == 0
    np.testing.assert_allclose(load_directions(tmp_path / "d")["smile"].step, boundary[0], rtol=1e-6)
    for name in ("age.pt", "ffhq_pca.pt"):
        line = error_of(
            capsys, "directions", "read", generator_preset, DATA / "directions" / name, "--output", tmp_path / "e"
        )
        assert name in line and "it is for" in line


def test_an_edit_writes_strips_pictures_and_gifs(psp_preset, pictures, directions, tmp_path):
    model, smile = from_preset(psp_preset), directions / "smile"

    def edited(name, strength, **options):
        edit_files(model, psp_preset, [pictures], smile, tmp_path / name, strength, **options)
        return np.asarray(Image.open(tmp_path / name / "1.png"), int)

    assert edited("strips", [-3, -1, 1, 3], gif=True).shape[1] > 500
    assert Image.open(tmp_path / "strips" / "0.gif").n_frames == 6  # there and back
    none = edited("none", [0])
    pixels = np.stack([np.asarray(Image.open(pictures / f"{number}.png")) for number in range(2)])
    translated = to_uint8(keras.ops.convert_to_numpy(model.translate(to_float(pixels))))
    assert np.abs(none - translated[1]).max() <= 1
    assert np.abs(edited("edited", [2]) - none).max() > 5
    back = edited("back", [2], also=f"{smile}=-2")  # edits compose
    assert np.abs(back - none).max() <= 1
    edit_files(model, psp_preset, [pictures], directions / "far", tmp_path / "far", [1], other_generator=True)


def test_mistakes_of_an_edit_get_one_line(psp_preset, pictures, directions, tmp_path, capsys):
    command = ["edit", psp_preset, pictures, "--output", tmp_path / "out", "--direction"]
    assert "holds no direction pose, but smile, age, far" in error_of(capsys, *command, directions / "pose")
    assert "holds no directions" in error_of(capsys, *command, pictures / "smile")
    assert "--other-generator" in error_of(capsys, *command, directions / "far")
    smile = [*command, directions / "smile"]
    for strength in ("a", "1:2", "0:1:1000", "nan", "0:1:x"):
        assert "--strength" in error_of(capsys, *smile, "--strength", strength)
    assert "--also" in error_of(capsys, *smile, "--also", "d/age")
    assert "it changes style 99" in error_of(capsys, *smile, "--styles", "99")
    assert "did you mean directions" in error_of(capsys, "direction")
    assert "After directions comes one of sefa, ganspace" in error_of(capsys, "directions")


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("a.csv", "picture,smile\n0.png,1\n", "must have a column `file`"),
        ("b.csv", "file,smile\n0.png,much\n", "no column of numbers"),
        ("c.csv", "", "must have a column `file`"),
        ("d.jsonl", '{"file": "0.png"', "cut short, damaged or no table"),
        ("e.jsonl", "[1]", "must have a column `file`"),
    ],
)
def test_tables_of_scores_that_are_none(name, text, message, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=message):
        read_scores(tmp_path / name)


def test_tables_of_scores(tmp_path):
    (tmp_path / "scores.csv").write_text("file,smile,hair\nfolder/0.png,1,red\n1.png,-2.5,brown\n")
    assert read_scores(tmp_path / "scores.csv") == (["0.png", "1.png"], {"smile": [1.0, -2.5]})


def test_strengths_are_read_as_they_are_typed():
    kind = Strengths()
    assert kind.parse("-3:3:7") == [-3, -2, -1, 0, 1, 2, 3]
    assert kind.parse("-.5") == [-0.5] and kind.parse("-3,0,2.5") == [-3, 0, 2.5]
