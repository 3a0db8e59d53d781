"""The same training on TensorFlow, JAX and PyTorch; `make test-backends` also runs the tests of layers and models."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("backend_losses.py")
STEPS = 8  # Lookahead's sixth among them


def losses_on(backend):
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(SCRIPT.parent.parent)}
    ran = subprocess.run([sys.executable, SCRIPT, str(STEPS)], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def expected():
    return losses_on("tensorflow")


def where_installed(backend):
    missing = importlib.util.find_spec(backend) is None
    return pytest.param(backend, marks=pytest.mark.skipif(missing, reason="`make test-backends` installs it"))


@pytest.mark.parametrize("backend", [where_installed("jax"), where_installed("torch")])
def test_a_training_has_the_losses_that_it_has_on_tensorflow(backend, expected):
    measured = losses_on(backend)
    for there, here in zip(measured["losses"], expected["losses"], strict=True):
        assert there == pytest.approx(here, rel=1e-3, abs=1e-4)
    for there, here in zip(measured["gan"], expected["gan"], strict=True):
        assert there == pytest.approx(here, rel=1e-3, abs=1e-4)
    assert measured["translated"] == pytest.approx(expected["translated"], rel=1e-2)
