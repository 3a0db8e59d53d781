"""A machine with JAX alone trains as well."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).with_name("without_tensorflow.py")


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="`make test-backends` installs it")
def test_both_trainers_run_and_resume_on_jax_without_tensorflow(tmp_path):
    # The same steps are compiled in every training.
    environment = {
        **os.environ,
        "PYTHONPATH": str(SCRIPT.parent.parent),
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "c"),
    }
    ran = subprocess.run([sys.executable, SCRIPT, tmp_path], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[-2000:]
    for kind in ("psp", "gan"):
        whole, resumed = (np.load(tmp_path / f"{kind}_{name}" / "checkpoint.npz") for name in ("whole", "resumed"))
        assert whole.files == resumed.files and len(whole.files) > 50
        for name in whole.files:
            np.testing.assert_array_equal(whole[name], resumed[name], err_msg=f"{kind} {name}")
    assert len(list((tmp_path / "translated").glob("*.png"))) == 40
