import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from psp_keras.data import MiniFaces, align_face
from psp_keras.data.mini_faces.face_attributes import attribute_vector
from psp_keras.data.mini_faces.face_renderer import LABELS, locate_landmarks, render
from psp_keras.data.mini_faces.folders import write_mini_faces


def test_a_sample_has_everything():
    faces = MiniFaces(size=48)
    sample = faces[5]
    assert sample.image.shape == sample.frontal.shape == (48, 48, 3)
    assert sample.segmentation.shape == sample.sketch.shape == (48, 48)
    assert sample.image.dtype == sample.segmentation.dtype == np.uint8
    assert len(MiniFaces.labels) >= 10
    assert {"yaw", "smile", "hair_style", "glasses", "age"} <= sample.attributes.keys()
    assert sample.sketch.max() > 200 and sample.sketch.min() < 120


def test_every_label_occurs():
    seen = {int(label) for i in range(60) for label in np.unique(MiniFaces(size=64)[i].segmentation)}
    assert seen == set(range(len(MiniFaces.labels)))


def test_samples_are_deterministic_and_splits_differ():
    first, again = MiniFaces(seed=3)[11], MiniFaces(seed=3)[11]
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(MiniFaces(seed=3).images([11])[0], first.image)
    for other in (MiniFaces(seed=4)[11], MiniFaces(seed=3, split="test")[11], MiniFaces(seed=3)[12]):
        assert other.person != first.person


def test_an_identity_keeps_its_traits_and_changes_its_scene():
    faces = MiniFaces(num_identities=10)
    one, two = faces[3], faces[13]
    assert one.identity == two.identity == 3
    assert one.person == two.person and one.scene != two.scene


def test_the_frontal_view_only_turns_the_head():
    faces = MiniFaces()
    index = max(range(40), key=lambda i: abs(faces.describe(i)[1].yaw))
    _, scene = faces.describe(index)
    assert abs(scene.yaw) > 0.3 and scene.frontal().yaw == 0 and scene.frontal().smile == scene.smile
    assert np.abs(faces[index].image.astype(int) - faces[index].frontal).mean() > 2


def test_attribute_vectors_are_about_standardised():
    faces = MiniFaces()
    vectors = faces.attribute_vectors(range(300))
    assert vectors.shape[1] == attribute_vector(*faces.describe(0)).size
    assert np.abs(vectors.mean(axis=0)).max() < 1.2 and 0.2 < vectors.std(axis=0).max() < 2


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="`split`"):
        MiniFaces(split="validation")
    with pytest.raises(ValueError, match="`size`"):
        MiniFaces(size=8)
    with pytest.raises(IndexError, match="no sample -1"):
        MiniFaces()[-1]


def test_written_folders_can_be_read_back(tmp_path):
    write_mini_faces(tmp_path, count=3, size=32, seed=1)
    faces = MiniFaces(32, seed=1)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "images" / "000002.png")), faces[2].image)
    labels = Image.open(tmp_path / "segmentation" / "000002.png")
    assert labels.mode == "P"
    np.testing.assert_array_equal(np.asarray(labels), faces[2].segmentation)
    lines = (tmp_path / "attributes.jsonl").read_text().splitlines()
    assert json.loads(lines[2])["identity"] == 2


@pytest.mark.parametrize("style", ["photo", "cartoon"])
def test_landmarks_lie_on_what_they_name(style):
    faces = MiniFaces(size=256, style=style)
    kinds = [("eye", "iris"), ("eye", "iris"), ("nose", "skin", "beard")]
    for index in range(20):
        sample = faces[index]
        if sample.scene.blink > 0.5 or sample.scene.glasses != "none":
            continue
        names = [LABELS[sample.segmentation[y, x]] for x, y in np.rint(sample.landmarks).astype(int)]
        assert all(name in kind for name, kind in zip(names, kinds)), names
        left, right = sample.landmarks[3:]
        lips = np.argwhere(np.isin(sample.segmentation, [LABELS.index("lip"), LABELS.index("mouth")]))[:, ::-1]
        for corner in (left, right):
            assert np.hypot(*(lips - corner).T).min() < 5
        assert left[0] < lips[:, 0].min() + 6 and right[0] > lips[:, 0].max() - 6
    np.testing.assert_array_equal(faces.landmarks([7])[0], faces[7].landmarks)


@pytest.mark.parametrize("change", [{"roll": 0.4}, {"scale": 0.7}, {"shift_x": 0.2, "shift_y": -0.15}, {}])
@pytest.mark.parametrize("index", [1, 4, 10])
def test_a_moved_face_aligned_is_the_unmoved_face(change, index):
    """Rolled, scaled and shifted heads come out as the straight one does; what is behind them stays where it was."""
    person, scene = MiniFaces().describe(index)
    plain = {
        "glasses": "none",
        "light_strength": 0.0,
        "background_top": (90, 90, 90),
        "background_bottom": (90, 90, 90),
    }
    scene = dataclasses.replace(scene.frontal(), **plain, scale=1.0)
    moved = dataclasses.replace(scene, **(change or {"roll": -0.3, "scale": 0.8, "shift_x": -0.1}))
    one, other = (
        align_face(render(person, which, 512)[0], locate_landmarks(person, which, 512), 128).image.astype(int)
        for which in (scene, moved)
    )
    face = (slice(32, 96), slice(32, 96))  # hair, neck and clothes do not move as the head does
    assert np.abs(one - other)[face].mean() < 255 * 0.02
    assert np.abs(render(person, scene, 512)[0].astype(int) - render(person, moved, 512)[0]).mean() > 255 * 0.03
