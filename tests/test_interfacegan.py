"""InterFaceGAN: what the support vector machine finds, projections, and the files of others."""

import sys

import numpy as np
import pytest
from keras import ops

from psp_keras.editing import Direction, condition, edit, interfacegan, read_boundary
from psp_keras.errors import UserError
from tests.parity import DATA

PUBLISHED = DATA / "directions"


def unit(vector):
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("shape", [(16,), (4, 8)])
def test_finds_the_direction_of_a_score(shape):
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)
    latents, wanted = rng.normal(size=(2000, *shape)), unit(rng.normal(size=shape))
    scores = np.tensordot(latents, wanted, len(shape)) + 0.1 * rng.normal(size=2000)
    direction, accuracy = interfacegan(latents, scores, "smile")
    assert direction.step.shape == shape and np.isclose(np.linalg.norm(direction.step), 1)
    assert np.sum(direction.step * wanted) > 0.95 and accuracy > 0.95
    assert np.allclose(direction.range, (-3, 3), rtol=0.1)  # of latents with variance 1
    assert np.array_equal(interfacegan(latents, scores, "smile")[0].step, direction.step)


def test_a_conditional_direction_leaves_the_others_alone():
    rng = np.random.default_rng(0)
    smile, age, pose = (Direction(name, unit(rng.normal(size=(4, 8)))) for name in ("smile", "age", "pose"))
    plain = condition(smile, [age, pose])
    for other in (age, pose):
        assert abs(np.sum(plain.step * other.step)) < 1e-6
    assert np.isclose(np.linalg.norm(plain.step), 1)
    # The paper's formula for one condition.
    formula = smile.step - np.sum(smile.step * age.step) * age.step
    np.testing.assert_allclose(condition(smile, [age]).step, unit(formula), atol=1e-6)
    with pytest.raises(UserError, match="smile lies in smile: nothing is left"):
        condition(smile, [smile])
    with pytest.raises(UserError, match="on different styles"):
        condition(smile, [Direction("hair", np.ones(8))])


@pytest.mark.parametrize("name, shape", [("age", (512,)), ("smile", (512,)), ("pose", (18, 512))])
def test_reads_the_published_directions(name, shape):
    direction = read_boundary(PUBLISHED / f"{name}.pt")
    assert direction.name == name and direction.step.shape == shape
    np.testing.assert_allclose(np.linalg.norm(direction.step, axis=-1), 1, rtol=1e-5)
    start = np.zeros((2, 18, 512))
    edited = ops.convert_to_numpy(edit(start, direction, [3.0, -3.0]))
    np.testing.assert_allclose(edited, np.array([3.0, -3.0])[:, None, None] * direction.offsets(18), atol=1e-6)


@pytest.mark.parametrize(
    "shape, expected",
    [((1, 512), (512,)), ((512,), (512,)), ((1, 9216), (18, 512)), ((18, 512), (18, 512)), ((1, 18, 512), (18, 512))],
)
def test_reads_boundaries(tmp_path, shape, expected):
    values = np.random.default_rng(0).normal(size=shape).astype("float32")
    np.save(tmp_path / "stylegan_ffhq_smile_w_boundary.npy", values)
    direction = read_boundary(tmp_path / "stylegan_ffhq_smile_w_boundary.npy", "smile")
    assert direction.name == "smile"
    np.testing.assert_array_equal(direction.step, values.reshape(expected))


def test_files_that_hold_no_direction_get_one_line(tmp_path):
    np.save(tmp_path / "odd.npy", np.zeros((3, 5)))
    np.save(tmp_path / "objects.npy", np.array([print], object), allow_pickle=True)
    np.save(tmp_path / "cut.npy", np.zeros(512))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "cut.npy").read_bytes()[:1000])
    (tmp_path / "page.pt").write_text("<html>")
    paths = [*tmp_path.iterdir(), tmp_path / "missing.npy", PUBLISHED / "ffhq_pca.pt", DATA / "torch_files/hostile.pt"]
    for path in paths:
        with pytest.raises(UserError, match=path.name) as raised:
            read_boundary(path)
        assert len(str(raised.value).splitlines()) == 1


def test_mistakes_are_named(monkeypatch):
    latents, scores = np.ones((100, 8)), np.arange(100)
    for changed, message in (
        ({"scores": scores[:50]}, "`scores` must be 100 finite numbers"),
        ({"scores": np.zeros(100)}, "scores of smile are the same"),
        ({"extremes": 0.01}, "100 scores of smile leave 1 at each end"),
        ({"extremes": 0.6}, "`extremes` must be a number from 0 to 0.5"),
        ({"latents": np.ones(100)}, "`latents` must be"),
    ):
        with pytest.raises(UserError, match=message):
            interfacegan(**{"latents": latents, "scores": scores, "name": "smile", **changed})
    monkeypatch.setitem(sys.modules, "sklearn.svm", None)
    with pytest.raises(UserError, match=r"needs scikit-learn: pip install 'psp-keras\[editing\]'"):
        interfacegan(latents, scores, "smile")
