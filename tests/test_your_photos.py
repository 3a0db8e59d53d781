"""Photos on the command line: found, aligned, translated, pasted back."""

import json

import numpy as np
import pytest
from PIL import Image

from psp_keras.cli import main
from psp_keras.data import MiniFaces, align_face, find_faces, read_photo
from psp_keras.data.landmarks import read_landmarks, write_landmarks
from psp_keras.data.photo_copy import write_like
from psp_keras.tasks import Task
from tests.helpers import tiny_psp
from tests.photos import VARIANTS, astronaut, collage, dlib_landmarks, five_of, portrait, published_crops
from tests.test_cli import error_of

_ORIENTATION, _DATE = 0x0112, 0x0132


@pytest.fixture
def photos(tmp_path):
    """A photo of one face, a group of the astronaut, her mirror image and two MiniFaces, and one of nobody."""
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(astronaut()).save(folder / "astronaut.jpg", quality=90)
    group = collage([portrait(), portrait()[:, ::-1], *MiniFaces(size=160).images([5, 24])], 2)
    Image.fromarray(group).save(folder / "group.png")
    Image.fromarray(np.full((200, 300, 3), 128, np.uint8)).save(folder / "nobody.png")
    return folder


@pytest.fixture
def known(photos, tmp_path):
    """A file of the landmarks in `photos`, which spares the tests the search."""
    face = five_of(dlib_landmarks()["plain"])
    in_portrait = (face - (115, 10)) * (160 / 220) + 24
    path = tmp_path / "known.json"
    write_landmarks(
        path, {"astronaut": [face], "group.png": [in_portrait, MiniFaces(160).landmarks([24])[0] + 24 + 208]}
    )
    return str(path)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_align_writes_the_published_crops(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for variant in VARIANTS:
        Image.fromarray(astronaut(variant)).save(folder / f"{variant}.png")
    known = "tests/data/ffhq_landmarks.json"
    assert main(["align", str(folder), "--landmarks", known, "--output", str(tmp_path / "out")]) == 0
    for variant in VARIANTS:
        crop = read_photo(tmp_path / "out" / f"{variant}.png").astype(int)
        assert np.abs(crop - published_crops()[variant]).mean() <= 1


def test_align_finds_faces_and_saves_where(photos, tmp_path, capsys):
    out, again = tmp_path / "out", tmp_path / "again"
    assert main(["align", str(photos), "--output", str(out), "--faces", "all", "--save-landmarks", "--size", "64"]) == 1
    assert "nobody.png: there is no face in it" in capsys.readouterr().err
    crops = ["astronaut_face1.png", *(f"group_face{i}.png" for i in range(1, 5))]
    assert names_in(out) == [*crops, "landmarks.json"]
    assert Image.open(out / crops[0]).size == (64, 64)
    saved = read_landmarks(out / "landmarks.json")
    assert {name: len(faces) for name, faces in saved.items()} == {"astronaut.jpg": 1, "group.png": 4}
    arguments = ["--landmarks", str(out / "landmarks.json"), "--faces", "all", "--size", "64"]
    assert main(["align", str(photos), "--output", str(again), *arguments]) == 1
    assert "nobody.png: " in capsys.readouterr().err
    for name in crops:
        assert np.abs(read_photo(out / name).astype(int) - read_photo(again / name)).mean() < 1
    assert main(["align", str(photos / "group.png"), "--output", str(tmp_path / "one")]) == 0
    assert names_in(tmp_path / "one") == ["group.png"]


def test_an_upside_down_photo_is_turned_and_that_is_said(tmp_path, capsys):
    Image.fromarray(portrait(200)[::-1, ::-1]).save(tmp_path / "head.png")
    assert main(["align", str(tmp_path / "head.png"), "--output", str(tmp_path / "out"), "--size", "128"]) == 0
    assert "turned by" in capsys.readouterr().err
    upright = align_face(portrait(200), find_faces(portrait(200))[0].landmarks, 128).image.astype(int)
    assert np.abs(read_photo(tmp_path / "out" / "head.png") - upright).mean() < 255 * 0.05


def test_translate_aligns_first(psp_preset, photos, known, tmp_path, capsys):
    arguments = ["translate", psp_preset, str(photos), "--align", "--landmarks", known]
    assert main([*arguments, "--output", str(tmp_path / "one")]) == 1
    assert "nobody.png: " in capsys.readouterr().err
    assert names_in(tmp_path / "one") == ["astronaut.png", "group.png"]
    assert main([*arguments, "--output", str(tmp_path / "all"), "--faces", "all", "--couple"]) == 1
    assert names_in(tmp_path / "all") == ["astronaut_face1.png", "group_face1.png", "group_face2.png"]
    couple = read_photo(tmp_path / "all" / "astronaut_face1.png")
    crop = align_face(read_photo(photos / "astronaut.jpg"), dlib_landmarks()["plain"], 32).image
    assert np.abs(couple[:, :32].astype(int) - crop).max() <= 1
    np.testing.assert_array_equal(couple[:, 32:], read_photo(tmp_path / "one" / "astronaut.png"))


def test_paste_back_changes_the_faces_and_nothing_else(psp_preset, photos, known, tmp_path):
    arguments = [
        "translate",
        psp_preset,
        str(photos),
        "--align",
        "--landmarks",
        known,
        "--faces",
        "all",
        "--paste-back",
    ]
    assert main([*arguments, "--output", str(tmp_path / "out")]) == 1
    assert names_in(tmp_path / "out") == ["astronaut.jpg", "group.png"]
    before, after = (read_photo(folder / "group.png").astype(int) for folder in (photos, tmp_path / "out"))
    assert after.shape == before.shape
    changed = np.abs(after - before).max(axis=-1) > 0
    cells = [changed[row : row + 208, column : column + 208].mean() for row in (0, 208) for column in (0, 208)]
    assert cells[0] > 0.1 and cells[3] > 0.1 and cells[1] == cells[2] == 0


def test_a_pasted_photo_is_as_the_camera_wrote_it(psp_preset, known, tmp_path):
    exif = Image.Exif()
    exif[_ORIENTATION], exif[_DATE] = 6, "2026:11:24 12:00:00"
    turned = Image.fromarray(astronaut()).transpose(Image.Transpose.ROTATE_90)
    photo = tmp_path / "astronaut.jpg"
    turned.save(photo, exif=exif, quality=88, subsampling=2, icc_profile=b"profile", progressive=True)
    arguments = ["--align", "--landmarks", known, "--paste-back", "--output", str(tmp_path / "out")]
    assert main(["translate", psp_preset, str(photo), *arguments]) == 0
    with Image.open(photo) as before, Image.open(tmp_path / "out" / "astronaut.jpg") as after:
        assert after.format == "JPEG" and after.size == (512, 512)
        assert after.quantization == before.quantization and after.layer == before.layer
        assert after.info["icc_profile"] == b"profile" and after.info["progressive"]
        assert after.getexif()[_DATE] == "2026:11:24 12:00:00"
        assert after.getexif().get(_ORIENTATION, 1) == 1
        difference = np.abs(np.asarray(after, int) - astronaut())
    assert difference[320:].mean() < 4  # away from the face, only the JPEG was written twice
    assert difference[60:160, 180:270].mean() > 10


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "I;16"])
def test_photos_of_every_kind_can_be_written_like(tmp_path, mode):
    ending = ".jpg" if mode == "CMYK" else ".png"
    source, target = tmp_path / f"photo{ending}", tmp_path / f"copy{ending}"
    if mode == "I;16":
        picture = Image.fromarray(astronaut()[..., 0].astype(np.uint16) << 8)
    else:
        picture = Image.fromarray(astronaut()).convert(mode)
    if mode == "RGBA":
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    picture.save(source)
    pixels = read_photo(source)
    write_like(source, target, pixels)
    with Image.open(target) as copy:
        assert copy.size == (512, 512) and copy.mode == ("RGBA" if mode == "RGBA" else "RGB")
        if mode == "RGBA":
            np.testing.assert_array_equal(np.asarray(copy)[..., 3], np.asarray(picture)[..., 3])
        assert np.abs(np.asarray(copy.convert("RGB"), int) - pixels).mean() < 3


def test_the_other_commands_align_too(psp_preset, photos, tmp_path, capsys):
    (photos / "group.png").unlink()
    out = tmp_path / "out"
    assert (
        main(["mix", psp_preset, str(photos), "--align", "--latent-mask", "0", "--output", str(out / "mixes.png")]) == 1
    )
    assert (
        main(["project", psp_preset, str(photos), "--align", "--steps", "1", "--lpips", "0", "--output", str(out)]) == 1
    )
    assert names_in(out) == ["astronaut.npz", "astronaut.png", "mixes.png"]
    report = out / "report.json"
    evaluation = ["evaluate", psp_preset, "--data", str(photos), "--align", "--metrics", "l2", "--output", str(report)]
    assert main(evaluation) == 1
    assert json.loads(report.read_text())["count"] == 1
    assert capsys.readouterr().err.count("nobody.png: there is no face in it") == 3


def test_what_alignment_is_not_for_gets_one_line(psp_preset, photos, known, tmp_path, capsys):
    out = ["--output", tmp_path / "out"]
    assert "need --align" in error_of(capsys, "translate", psp_preset, photos, *out, "--paste-back")
    assert "need --align" in error_of(capsys, "translate", psp_preset, photos, *out, "--landmarks", known)
    for name, task, reason in (
        ("sketches", {"name": "sketch_to_face"}, "reads a sketch"),
        ("cars", Task("car_inversion", losses={"l2": 1.0, "moco": 0.5}).get_config(), "is about something else"),
    ):
        model = tiny_psp()
        model.task = task
        model.save_to_preset(tmp_path / name)
        line = error_of(capsys, "translate", tmp_path / name, photos, *out, "--align")
        assert "--align is for" in line and reason in line
    line = error_of(capsys, "evaluate", psp_preset, "--data", "mini_faces", "--align", "--metrics", "l2")
    assert "--align needs a folder" in line


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "no JSON file"),
        ('{"a": [[1, 2]]}', "5 or 68 points"),
        ('{"a": [[NaN, 1], [1, 2], [3, 4], [5, 6], [7, 8]]}', "finite"),
    ],
)
def test_a_corrupt_file_of_landmarks_gets_one_line(photos, tmp_path, capsys, content, message):
    file = tmp_path / "bad.json"
    file.write_text(content)
    line = error_of(capsys, "align", photos, "--output", tmp_path / "out", "--landmarks", file)
    assert message in line and "bad.json" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([[50, 50]] * 5, "lie in one place"),
        ([[50, 50], [51, 50], [50.5, 50.5], [50, 51], [51, 51]], "too small"),
        ([[5000, 50], [5100, 50], [5050, 90], [5010, 150], [5090, 150]], "not in the photo"),
    ],
)
def test_a_photo_whose_landmarks_are_no_face_is_left_out(photos, tmp_path, capsys, points, message):
    file = tmp_path / "points.json"
    file.write_text(json.dumps({"astronaut": points}))
    arguments = ["--output", str(tmp_path / "out"), "--landmarks", str(file)]
    assert main(["align", str(photos / "astronaut.jpg"), *arguments]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and "left out: " in lines[0] and "astronaut.jpg" in lines[0] and message in lines[0]


def test_an_output_never_replaces_a_photo(photos, known, tmp_path, capsys):
    Image.fromarray(portrait()).save(photos / "astronaut_face1.png")
    before = (photos / "astronaut_face1.png").read_bytes()
    arguments = ["align", photos / "astronaut.jpg", photos / "astronaut_face1.png", "--output", photos]
    assert "would replace" in error_of(capsys, *arguments, "--faces", "all", "--landmarks", known)
    assert "would replace" in error_of(capsys, *arguments, "--landmarks", known)
    assert (photos / "astronaut_face1.png").read_bytes() == before
