import contextlib
import os

from psp_keras.callbacks.wandb_run import finish_wandb, start_wandb
from psp_keras.training.devices import is_first_process


@contextlib.contextmanager
def wandb_session(project, run, record):
    """A training's W&B run: starts it, or goes on with it, and ends it; nothing without a project.

    Args:
        project: name of the W&B project, or `None`.
        run: the run folder.
        record: the options to show there.
    """
    if not project:
        yield
        return
    if not is_first_process():
        os.environ["WANDB_MODE"] = "disabled"
    start_wandb(project, run, record)
    yield
    finish_wandb()
