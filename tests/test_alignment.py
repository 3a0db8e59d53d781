import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from psp_keras.data import align_face
from psp_keras.data.landmarks import read_landmarks, write_landmarks
from psp_keras.errors import UserError
from tests.photos import VARIANTS, astronaut, dlib_landmarks, five_of, published_crops


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_crop_is_the_published_one(variant):
    aligned = align_face(astronaut(variant), dlib_landmarks()[variant])
    difference = np.abs(aligned.image.astype(int) - published_crops()[variant])
    assert difference.mean() <= 1
    assert (difference.max(axis=-1) <= 2).mean() >= 0.999


def test_five_points_decide_as_68_do():
    landmarks = dlib_landmarks()["rotated"]
    many, few = (align_face(astronaut("rotated"), points, 64) for points in (landmarks, five_of(landmarks)))
    np.testing.assert_array_equal(many.image, few.image)
    np.testing.assert_allclose(many.quad, few.quad)


def test_the_quad_is_where_the_crop_was():
    photo, landmarks = astronaut(), dlib_landmarks()["plain"]
    quad = align_face(photo, landmarks).quad
    side = np.hypot(*(quad[3] - quad[0]))
    aligned = align_face(photo, landmarks, round(side))
    x, y = np.rint(quad[0] + 0.4 * (quad[3] - quad[0]) + 0.3 * (quad[1] - quad[0])).astype(int)
    there = aligned.image[round(0.3 * side), round(0.4 * side)].astype(int)
    assert np.abs(there - photo[y - 2 : y + 3, x - 2 : x + 3].mean(axis=(0, 1))).max() < 20


def test_points_go_both_ways():
    landmarks = dlib_landmarks()["rotated"]
    aligned = align_face(astronaut("rotated"), landmarks)
    there = aligned.to_crop(landmarks)
    np.testing.assert_allclose(aligned.to_photo(there), landmarks)
    left, right, _, *mouth = five_of(there)
    assert abs(left[1] - right[1]) < 8 and left[0] < 128 < right[0] and min(mouth[0][1], mouth[1][1]) > 150
    # The same points in a crop of the crop are where the crop says that they are.
    np.testing.assert_allclose(align_face(aligned.image, there).to_crop(there), there, atol=1)


@pytest.mark.parametrize("size", [64, 1024])
def test_other_sizes_show_the_same(size):
    photo, landmarks = astronaut("large"), dlib_landmarks()["large"]
    crops = (align_face(photo, landmarks, size).image, published_crops()["large"])
    one, other = (np.asarray(Image.fromarray(crop).resize((64, 64), Image.Resampling.BOX), int) for crop in crops)
    assert np.abs(one - other).mean() < 255 * 0.03  # the published crop aliases a little


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_unchanged_crop_pasted_back_changes_little(variant):
    photo = astronaut(variant)
    aligned = align_face(photo, dlib_landmarks()[variant], 512)
    pasted = aligned.paste_back(photo, aligned.image)
    assert pasted.shape == photo.shape and pasted.dtype == np.uint8
    # The border of the last two was blurred in the crop, as published.
    limit = 0.08 if variant in ("near_border", "cut") else 0.015
    assert np.abs(pasted.astype(int) - photo).mean() < 255 * limit


def test_a_changed_crop_comes_back_in_its_place_and_nowhere_else():
    photo = astronaut("rotated")
    aligned = align_face(photo, dlib_landmarks()["rotated"])
    output = np.zeros((1024, 1024, 3), np.uint8)
    output[:512, :512, 0] = output[512:, 512:, 1] = 255
    pasted = aligned.paste_back(photo, output)
    seen = align_face(pasted, dlib_landmarks()["rotated"]).image
    expected = np.asarray(Image.fromarray(output).resize((256, 256)))
    middle = slice(36, 220)  # the rest fades
    assert np.abs(seen.astype(int) - expected)[middle, middle].mean() < 255 * 0.01
    outside = np.ones(photo.shape[:2], bool)
    low, high = np.floor(aligned.quad.min(axis=0)).astype(int), np.ceil(aligned.quad.max(axis=0)).astype(int) + 1
    outside[low[1] : high[1], low[0] : high[0]] = False
    np.testing.assert_array_equal(pasted[outside], photo[outside])
    corners = np.rint(aligned.quad).astype(int)
    np.testing.assert_array_equal(pasted[corners[:, 1], corners[:, 0]], photo[corners[:, 1], corners[:, 0]])


@pytest.mark.parametrize(
    ("landmarks", "message"),
    [
        (np.zeros((7, 2)), "5 or 68 points"),
        ("face", "5 or 68 points"),
        ([[1, 2], [3]], "5 or 68 points"),
        (np.full((5, 2), np.nan), "finite"),
        (np.full((5, 2), 40.0), "one place"),
        (np.array([[40, 40], [41, 40], [40.5, 40.5], [40, 41], [41, 41]]), "too small"),
        (np.array([[1, 1], [41, 1], [21, 21], [6, 41], [36, 41]]) + 4000, "not in the photo"),
        (np.array([[1, 1], [41, 1], [21, 21], [6, 41], [36, 41]]) * 1e6, "not in the photo"),
    ],
)
def test_landmarks_that_are_no_face(landmarks, message):
    with pytest.raises(UserError, match=message):
        align_face(astronaut(), landmarks)


def test_a_photo_must_be_uint8_rgb():
    with pytest.raises(UserError, match="uint8"):
        align_face(astronaut() / 255.0, dlib_landmarks()["plain"])
    aligned = align_face(astronaut(), dlib_landmarks()["plain"])
    with pytest.raises(UserError, match="`output` must be uint8"):
        aligned.paste_back(astronaut(), np.zeros((64, 64, 3), "float32"))


def test_landmark_files_hold_one_face_or_several(tmp_path):
    five = five_of(dlib_landmarks()["plain"])
    write_landmarks(tmp_path / "faces.json", {"group.jpg": [five, five + 10], "one.jpg": [five]})
    read = read_landmarks(tmp_path / "faces.json")
    assert [len(faces) for faces in read.values()] == [2, 1]
    np.testing.assert_allclose(read["group.jpg"][1], five + 10, atol=0.01)
    (tmp_path / "plain.json").write_text(json.dumps({"one": five.tolist()}))
    np.testing.assert_allclose(read_landmarks(tmp_path / "plain.json")["one"], [five])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "no JSON file"),
        ("[1, 2]", "must be a JSON object"),
        ('{"a.jpg": [[1, 2], [3, 4]]}', "landmarks of a.jpg must be the .* of 5 or 68 points"),
        ('{"a.jpg": 3}', "landmarks of a.jpg"),
        ('{"a.jpg": {"left_eye": 3}}', "landmarks of a.jpg"),
        ('{"a.jpg": [[1' + "0" * 400 + ", 2], [3, 4], [3, 4], [3, 4], [3, 4]]}", "landmarks of a.jpg"),
        ("[" * 100000, "no JSON file"),
        ('{"a.jpg": [[[1, 2], "x"]]}', "landmarks of a.jpg"),
        ('{"a.jpg": [[NaN, 2], [3, 4], [3, 4], [3, 4], [3, 4]]}', "a.jpg must be finite"),
        ("\x00\xff", "no JSON file"),
    ],
)
def test_broken_landmark_files_are_named(tmp_path, content, message):
    (tmp_path / "faces.json").write_text(content)
    with pytest.raises(UserError, match=message) as caught:
        read_landmarks(tmp_path / "faces.json")
    assert "faces.json" in str(caught.value) and "\n" not in str(caught.value)


def test_geometry_needs_no_keras():
    code = "import sys, psp_keras.data as d; d.align_face; assert not {'keras', 'tensorflow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
