import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import pytest

from tests import parity
from tests.helpers import tiny_generator, tiny_psp, tiny_psp_into_w


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(7)


@pytest.fixture(autouse=True)
def without_gradients():
    """Lets NumPy read what PyTorch computes; a training step records its gradients all the same."""
    if keras.backend.backend() != "torch":
        yield
        return
    import torch

    with torch.no_grad():
        yield


@pytest.fixture(scope="session")
def generator_preset(tmp_path_factory):
    """The preset of a tiny generator, for tests that only read it."""
    folder = tmp_path_factory.mktemp("presets") / "generator"
    keras.utils.set_random_seed(3)
    tiny_generator().save_to_preset(folder)
    return str(folder)


@pytest.fixture(scope="session")
def psp_preset(tmp_path_factory):
    """The preset of a tiny pSp, for tests that only read it."""
    folder = tmp_path_factory.mktemp("presets") / "tiny"
    tiny_psp().save_to_preset(folder)
    return str(folder)


@pytest.fixture(scope="session")
def served_model():
    return tiny_psp_into_w()


@pytest.fixture(scope="session")
def exported(served_model, tmp_path_factory):
    """The version folder of an export of `served_model`."""
    from psp_keras.serving import export  # it imports TensorFlow, which tests of other backends do without

    path = tmp_path_factory.mktemp("export") / "psp" / "1"
    export(served_model, path)
    return path


def pytest_addoption(parser):
    parser.addoption("--parity-table", action="store_true", help="print what the parity tests measured")


def pytest_terminal_summary(terminalreporter, config):
    if config.getoption("--parity-table"):
        terminalreporter.section("parity with the published PyTorch models")
        for what, measured, target in parity.TABLE:
            terminalreporter.write_line(f"{what:48}{measured:10.1e}   target {target:.0e}")
