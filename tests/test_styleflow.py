"""StyleFlow against what its published code computed, and the solver against solutions on paper."""

import json
import zlib

import numpy as np
import pytest
from keras import ops

from psp_keras import layers
from psp_keras.models import StyleFlow
from psp_keras.ops import runge_kutta
from psp_keras.ops.runge_kutta import integrate
from tests.helpers import check_layer, relative_error
from tests.parity import DATA, FULL_SIZE, check, golden_of
from weights_conversion.convert import recognise
from weights_conversion.rows import apply_rows
from weights_conversion.styleflow import make_styleflow, styleflow_rows


def published_tensor(key, shape):
    """The rule of the golden's weights, see ../shared/oracle."""
    rng = np.random.RandomState(zlib.crc32(key.encode()))
    if key.endswith("running_var"):
        value = 0.5 + rng.rand(*shape)
    elif key.endswith("sqrt_end_time"):
        value = np.full(shape, 0.9)
    elif key.endswith(("step", "_num_evals")):
        value = np.zeros(shape)
    elif len(shape) == 2:
        value = rng.randn(*shape) * 0.7 / np.sqrt(shape[1])
    else:
        value = 0.1 * rng.randn(*shape)
    return np.asarray(value, "float32")


@pytest.fixture(scope="module")
def published():
    manifest = json.loads((DATA / "manifests" / "styleflow.json").read_text())
    state = {key: published_tensor(key, shape) for key, shape in manifest.items()}
    model = make_styleflow(state)
    apply_rows(model, styleflow_rows(model), state)
    return model


def test_agrees_with_the_published_code(published):
    golden = golden_of("styleflow")
    w = np.random.RandomState(92).randn(3, 1, 512)[:, 0]
    check("StyleFlow: w to noise", published(w, golden["attributes"]), golden["z"], FULL_SIZE)
    check(
        "StyleFlow: edited w", published.edit(w, golden["attributes"], golden["changed"]), golden["edited"], FULL_SIZE
    )


def test_its_file_is_recognised():
    manifest = json.loads((DATA / "manifests" / "styleflow.json").read_text())
    assert recognise(manifest) == "StyleFlow"


def test_an_edit_to_the_same_attributes_changes_nothing(published):
    golden = golden_of("styleflow")
    w = np.random.RandomState(92).randn(3, 1, 512)[:, 0]
    same = published.edit(w, golden["attributes"], golden["attributes"])
    assert relative_error(same, w) < FULL_SIZE


@pytest.mark.parametrize("begin, end", [(0.0, 3.0), (3.0, 0.0), (0.0, 0.0)])
def test_integrates_there_and_back(begin, end):
    start = np.array([1.0, -2.0, 0.0], "float32")
    solved = integrate(lambda t, y: y * ops.cos(t), start, begin, end)
    np.testing.assert_allclose(
        ops.convert_to_numpy(solved), start * np.exp(np.sin(end) - np.sin(begin)), rtol=1e-4, atol=1e-5
    )


def test_takes_small_steps_where_they_are_needed_and_ends(monkeypatch):
    steep = integrate(lambda t, y: -20.0 * (y - ops.cos(t)), ops.zeros((1,)), 0.0, 1.0)
    exact = (400 * np.cos(1) + 20 * np.sin(1)) / 401
    np.testing.assert_allclose(ops.convert_to_numpy(steep), [exact], rtol=1e-3)
    monkeypatch.setattr(runge_kutta, "_SMALLEST", 0.05)
    integrate(lambda t, y: y * np.nan, ops.ones((1,)), 0.0, 1.0)


def test_layers(tmp_path):
    check_layer(layers.ConcatSquashDense, {"units": 5}, [(2, 8), (2, 3)], (2, 5), tmp_path)
    check_layer(layers.InvertibleNormalization, {}, [(2, 8)], (2, 8), tmp_path)


def test_a_preset_holds_a_flow(tmp_path):
    flow = StyleFlow(style_dim=8, num_attributes=3, num_layers=2, hidden_dim=12)
    flow.build()
    flow.save_to_preset(tmp_path / "flow")
    loaded = StyleFlow.from_preset(tmp_path / "flow")
    w, attributes = np.ones((2, 8)), np.ones((2, 3))
    np.testing.assert_allclose(
        ops.convert_to_numpy(loaded(w, attributes)), ops.convert_to_numpy(flow(w, attributes)), atol=1e-3
    )
