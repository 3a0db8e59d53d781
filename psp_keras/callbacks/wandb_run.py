"""Weights & Biases without letting it stop a training."""

import secrets
import sys
from pathlib import Path

from psp_keras.atomic_write import atomic_write
from psp_keras.errors import UserError

_ID_FILE = "wandb_run_id"


def start_wandb(project, folder, config):
    """Starts the W&B run of a run folder, or goes on with the one that was started there.

    `WANDB_MODE=offline` writes into the folder alone (`wandb sync` uploads it later), `WANDB_MODE=disabled` nothing.

    Args:
        project: name of the W&B project.
        folder: the run folder, which keeps the run's id and its files.
        config: options of the training.

    Returns:
        `wandb.Run`.

    Raises:
        UserError: wandb is not installed, or refuses to start.
    """
    try:
        import wandb
    except ImportError as error:
        raise UserError("W&B is not installed: pip install 'psp-keras[wandb]', or leave `wandb` out.") from error
    path = Path(folder) / _ID_FILE
    run_id = path.read_text().strip() if path.exists() else secrets.token_hex(4)
    with atomic_write(path) as scratch:
        scratch.write_text(run_id + "\n")
    try:
        return wandb.init(project=project, dir=str(folder), config=config, id=run_id, resume="allow")
    except wandb.Error as error:
        reason = " ".join(str(error).split())
        raise UserError(f"W&B does not start: {reason} Run `wandb login`, or set WANDB_MODE=offline.") from error


def finish_wandb():
    """Ends the run that `start_wandb` started."""
    import wandb

    safely(wandb.finish)


def safely(call, *arguments, **options):
    """Calls something of W&B; what goes wrong there, a lost network above all, costs a line and not the training."""
    try:
        return call(*arguments, **options)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        print(f"W&B did not take this: {reason}. The training goes on.", file=sys.stderr)
        return None
