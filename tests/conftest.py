import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import pytest

from tests import parity


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(7)


def pytest_addoption(parser):
    parser.addoption("--parity-table", action="store_true", help="print what the parity tests measured")


def pytest_terminal_summary(terminalreporter, config):
    if config.getoption("--parity-table"):
        terminalreporter.section("parity with the published PyTorch models")
        for what, measured, target in parity.TABLE:
            terminalreporter.write_line(f"{what:48}{measured:10.1e}   target {target:.0e}")
