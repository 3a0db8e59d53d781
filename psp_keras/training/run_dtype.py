import json
from pathlib import Path

from psp_keras.dtypes import AUTO, DTYPES, resolve_dtype
from psp_keras.training.run_folder import RUN_FILE


def run_dtype(dtype, output):
    """The dtype policy of a training: a run keeps what it began with, on whatever machine it goes on.

    Args:
        dtype: dtype policy; `"auto"` is what the run folder records or, where none stands there, what suits this
            machine.
        output: the run folder.

    Returns:
        The dtype policy, to record in the run folder; never `"auto"`.
    """
    recorded = _recorded(Path(output) / RUN_FILE) if dtype == AUTO else dtype
    return resolve_dtype(recorded)


def _recorded(path):
    try:
        recorded = json.loads(path.read_text())["dtype"]
    except (OSError, ValueError, KeyError, TypeError):  # what is wrong with the file, `open_run` says
        return AUTO
    return recorded if recorded in DTYPES else AUTO
