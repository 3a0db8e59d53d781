"""Directions: what one is, how it is stored, and what an edit does to latents."""

import json
import zipfile

import numpy as np
import pytest
from keras import ops

from psp_keras.editing import Direction, KnownGenerator, edit, find_direction, load_directions, save_directions
from psp_keras.errors import UserError
from tests.helpers import tiny_generator


def latents(count=2, styles=8, size=16):
    return np.random.default_rng(1).normal(size=(count, styles, size)).astype("float32")


def direction(name="smile", **options):
    return Direction(name, **{"step": np.arange(16), "styles": [2, 3], **options})


def numbers(tensor):
    return ops.convert_to_numpy(tensor)


def test_an_edit_changes_its_styles_alone():
    start = latents()
    change = numbers(edit(start, direction(), [2.0, -1.0])) - start
    assert not change[:, [0, 1, 4, 5, 6, 7]].any()
    np.testing.assert_allclose(change[0, 2:4], [2 * np.arange(16)] * 2, atol=1e-5)
    np.testing.assert_allclose(change[1, 2:4], [-np.arange(16)] * 2, atol=1e-5)


def test_edits_compose():
    start, other = latents(), direction("older", step=latents()[0], styles=None)
    both = edit(edit(start, direction(), 2.0), other, -0.5)
    np.testing.assert_allclose(numbers(edit(start, [direction(), other], [2.0, -0.5])), numbers(both), atol=1e-5)
    with pytest.raises(UserError, match="`strength` must be a list of 2"):
        edit(start, [direction(), other], [1.0])


def test_a_centred_edit_ends_where_the_strength_says():
    centred = direction(center=np.ones(16), styles=None)
    ends = [numbers(edit(start, centred, 3.0))[:, 0] for start in (latents(), latents() + np.arange(16))]
    along = np.arange(16) / np.square(np.arange(16)).sum()
    np.testing.assert_allclose((ends[0] - 1) @ along, [3.0, 3.0], atol=1e-5)
    np.testing.assert_allclose(ends[1], ends[0], atol=1e-4)


def test_an_edit_is_checked_against_the_latents():
    for start, message in (
        (latents(size=8), "it is for styles of size 16, these have 8"),
        (latents(styles=3), "it changes style 3, but there are styles 0 to 2"),
        (latents()[0], r"`latents` must have the shape \(N, num_styles, style_dim\)"),
    ):
        with pytest.raises(UserError, match=message):
            edit(start, direction(), 1.0)
    with pytest.raises(UserError, match="`strength` must be a number or one for each latent"):
        edit(latents(2), direction(), [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"name": "../smile"}, "`name` must be"),
        ({"step": [np.nan]}, "`step` must be finite"),
        ({"step": "smile"}, "`step` must be"),
        ({"styles": []}, "`styles` must list"),
        ({"styles": [-1]}, "`styles` must list"),
        ({"styles": "2"}, "`styles` must list"),
        ({"range": [1, 1]}, "`range` must be two rising numbers"),
        ({"step": np.ones((8, 16)), "center": np.ones(16)}, "`center` needs"),
        ({"generator": KnownGenerator("other", 8, 32, "0" * 64)}, "it is for styles of size 16, these have 32"),
    ],
)
def test_what_no_direction_is(options, message):
    with pytest.raises(UserError, match=message):
        direction(**options)


def test_directions_are_read_as_they_were_written(tmp_path):
    known = KnownGenerator.of(tiny_generator(), "tiny")
    written = [direction(generator=known, range=(-5, 2), method="sefa"), direction("pose", center=np.ones(16))]
    save_directions(tmp_path / "d", written)
    save_directions(tmp_path / "d", {one.name: one for one in written})
    read = load_directions(tmp_path / "d")
    assert list(read) == ["smile", "pose"]
    for before, after in zip(written, read.values()):
        np.testing.assert_array_equal(after.step, before.step)
        assert (after.styles, after.range, after.method) == (before.styles, before.range, before.method)
        assert after.generator == before.generator
    np.testing.assert_array_equal(read["pose"].center, written[1].center)
    assert find_direction(tmp_path / "d" / "pose").name == "pose"


def test_a_direction_knows_its_generator():
    first, second = (KnownGenerator.of(tiny_generator(), name) for name in ("first", "second"))
    direction(generator=first).check_generator(first)
    direction().check_generator(second)
    with pytest.raises(UserError, match="found in first, whose latent space is not that of second"):
        direction(generator=first).check_generator(second)


def test_places_that_hold_no_such_direction(tmp_path):
    save_directions(tmp_path / "d", [direction(), direction("pose")])
    for place, message in (("d", "holds smile, pose: say which"), ("d/age", "holds no direction age, but smile, pose")):
        with pytest.raises(UserError, match=message):
            find_direction(tmp_path / place)
    with pytest.raises(UserError, match="holds no directions"):
        load_directions(tmp_path / "e")
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty and holds no directions"):
        save_directions(tmp_path / "e", [direction()])
    with pytest.raises(UserError, match="Two directions are called smile"):
        save_directions(tmp_path / "f", [direction(), direction()])


def _cut(folder, name):
    path = folder / name
    path.write_bytes(path.read_bytes()[:100])


def _change(folder, **fields):
    content = json.loads((folder / "directions.json").read_text())
    content["directions"]["smile"] |= fields
    (folder / "directions.json").write_text(json.dumps(content))


def _swell(folder):
    """An array of terabytes, by its own words."""
    header = {"descr": "<f4", "fortran_order": False, "shape": (1 << 40,)}
    with zipfile.ZipFile(folder / "directions.npz", "w") as archive, archive.open("step/smile.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, header)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: _cut(folder, "directions.json"),
        lambda folder: _cut(folder, "directions.npz"),
        lambda folder: (folder / "directions.npz").unlink(),
        lambda folder: (folder / "directions.json").write_text("[" * 100000),
        lambda folder: (folder / "directions.json").write_text("[]"),
        lambda folder: np.savez(folder / "directions.npz", **{"step/smile": np.array([print], object)}),
        lambda folder: np.savez(folder / "directions.npz", **{"step/smile": np.zeros((2, 2, 2))}),
        lambda folder: np.savez(folder / "directions.npz", other=np.zeros(3)),
        _swell,
        lambda folder: _change(folder, styles="all"),
        lambda folder: _change(folder, range=[0, 1e999]),
        lambda folder: _change(folder, generator={"name": 3}),
        lambda folder: _change(folder, generator=[1]),
        lambda folder: _change(folder, surprise=1),
        lambda folder: _change(folder, method={}),
    ],
)
def test_damaged_folders_get_one_line(tmp_path, damage):
    save_directions(tmp_path / "d", [direction()])
    damage(tmp_path / "d")
    with pytest.raises(UserError, match=str(tmp_path / "d")) as raised:
        load_directions(tmp_path / "d")
    assert len(str(raised.value).splitlines()) == 1
