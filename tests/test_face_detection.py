import os
import pickle
import sys
import time

import keras
import numpy as np
import pytest
from PIL import Image

from psp_keras.data import MiniFaces, align_face, find_faces
from psp_keras.data.alignment import face_quad, side_of
from psp_keras.data.mtcnn_detector import load_detector
from psp_keras.errors import UserError
from tests.photos import VARIANTS, astronaut, collage, dlib_landmarks, five_of, portrait


def corner_error(landmarks, expected):
    """How far the crops' corners are apart, at most, in sides of the expected one."""
    quad, wanted = face_quad(landmarks), face_quad(expected)
    return np.hypot(*(quad - wanted).T).max() / side_of(wanted)


def turned(angle):
    """The astronaut turned counter-clockwise, and the five points there."""
    photo, points = astronaut(), five_of(dlib_landmarks()["plain"])
    picture = Image.fromarray(photo).rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=(90, 90, 90))
    middle = (np.array(photo.shape[1::-1]) - 1) / 2, (np.array(picture.size) - 1) / 2
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    return np.asarray(picture), (points - middle[0]) @ np.array([[cos, -sin], [sin, cos]]) + middle[1]


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_crop_is_where_dlib_sees_the_face(variant):
    faces = find_faces(astronaut(variant))
    assert len(faces) == 1 and faces[0].confidence > 0.9
    assert corner_error(faces[0].landmarks, dlib_landmarks()[variant]) < 0.05
    left, top, right, bottom = faces[0].box
    x, y = faces[0].landmarks.T
    assert (left < x).all() and (x < right).all() and (top < y).all() and (y < bottom).all()


@pytest.mark.parametrize("angle", [45, 90, 180, 225, 300])
def test_turned_and_upside_down_faces_are_found_and_their_angle_told(angle):
    photo, landmarks = turned(angle)
    (face,) = find_faces(photo)
    assert corner_error(face.landmarks, landmarks) < 0.05
    assert abs((face.angle + angle + 180) % 360 - 180) < 8


def test_large_photos_are_searched_at_reduced_size():
    small = astronaut()
    large = np.asarray(Image.fromarray(small).resize((6000, 4000), Image.Resampling.BICUBIC))  # 24 megapixels
    load_detector()
    begin = time.process_time()
    (face,) = find_faces(large)
    assert time.process_time() - begin < 6  # 0.7 here; cores of another kind are three times as slow
    assert corner_error(face.landmarks / (6000 / 512, 4000 / 512), dlib_landmarks()["plain"]) < 0.05


def test_a_small_face_in_a_large_photo_is_found_at_the_second_look():
    photo = np.full((3000, 4000, 3), 120, np.uint8)
    photo[2000:2080, 3000:3080] = portrait(80)
    (face,) = find_faces(photo)
    assert 3000 < face.landmarks[2, 0] < 3080 and 2000 < face.landmarks[2, 1] < 2080


def test_a_group_photo():
    faces = find_faces(collage([portrait()] * 40, 8))
    assert len(faces) == 40
    sizes = [side_of(face_quad(face.landmarks)) for face in faces]
    assert sizes == sorted(sizes, reverse=True)


def test_drawn_faces_beside_a_photo():
    drawn = MiniFaces(size=160)
    chosen = (5, 10, 11, 24)
    photo = collage([*drawn.images(chosen), portrait(), portrait()[:, ::-1]], 3)
    faces = find_faces(photo)
    assert len(faces) >= 5
    expected = [
        drawn.landmarks([number])[0] + (24 + 208 * (i % 3), 24 + 208 * (i // 3)) for i, number in enumerate(chosen)
    ]
    for landmarks in expected[:2]:
        assert min(corner_error(face.landmarks, landmarks) for face in faces) < 0.1


@pytest.mark.parametrize("part", [np.s_[60:300, 205:460], np.s_[90:300, 100:400], np.s_[0:130, 100:400]])
def test_a_face_that_the_border_cuts_is_found_or_not(part):
    """Half of it beside, above or below the photo: what is found can be aligned."""
    photo = np.ascontiguousarray(astronaut()[part])
    for face in find_faces(photo):
        assert align_face(photo, face.landmarks, 64).image.shape == (64, 64, 3)


@pytest.mark.parametrize("shape", [(1, 1), (10, 10), (30, 30), (1, 4000), (2000, 24), (300, 300)])
def test_photos_without_a_face(shape):
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype("uint8")
    assert find_faces(noise) == []
    assert find_faces(np.full((*shape, 3), 90, np.uint8)) == []


def test_a_photo_must_be_uint8_rgb():
    with pytest.raises(UserError, match="uint8"):
        find_faces(np.zeros((100, 100, 3)))
    with pytest.raises(UserError, match="uint8"):
        find_faces(np.zeros((100, 100, 4), np.uint8))


def test_the_type_that_keras_computes_in_is_left_alone():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        load_detector.cache_clear()
        assert len(find_faces(portrait())) == 1
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")


class Hostile:
    def __reduce__(self):
        return os.mkdir, ("HOSTILE_WEIGHTS_RAN",)


def test_nothing_in_the_working_directory_is_unpickled(tmp_path, monkeypatch):
    for name in ("pnet.lz4", "rnet.lz4", "onet.lz4"):
        (tmp_path / name).write_bytes(pickle.dumps(Hostile()))
    monkeypatch.chdir(tmp_path)
    load_detector.cache_clear()
    load_detector()
    assert not (tmp_path / "HOSTILE_WEIGHTS_RAN").exists()


def test_a_missing_package_is_named(monkeypatch):
    load_detector.cache_clear()
    monkeypatch.setitem(sys.modules, "mtcnn", None)
    with pytest.raises(UserError, match=r"pip install 'psp-keras\[align\]'"):
        find_faces(portrait())


def test_another_backend_is_named(monkeypatch):
    load_detector.cache_clear()
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(UserError, match="with TensorFlow, not with jax"):
        find_faces(portrait())
