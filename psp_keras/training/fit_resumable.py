import math

from psp_keras.callbacks.csv_log import ResumableCSVLog, read_log
from psp_keras.callbacks.training_checkpoint import TrainingCheckpoint, finished_epochs
from psp_keras.progress import show_fit
from psp_keras.training.feed import feed

CHECKPOINT_FILE = "checkpoint.npz"


def fit_resumable(model, batches, run, epochs, steps_per_epoch, callbacks=(), **fit_options):
    """Runs `fit` with a checkpoint and a log line at the end of every epoch; goes on after the last checkpoint.

    A training stopped at any moment and started again ends with the weights of an uninterrupted one, since
    weights, optimizer, random generators and the order of the data all continue.

    Args:
        model: built and compiled model.
        batches: function that takes the number of steps to skip and returns an endless iterator of batches.
        run: the run folder; `checkpoint.npz` and `log.csv` go there.
        epochs: length of the training.
        steps_per_epoch: steps between two checkpoints.
        callbacks: more Keras callbacks; they run before the checkpoint is written.
        **fit_options: of `fit`, such as `validation_data`.
    """
    if not model.optimizer.built:  # its slots must exist before a checkpoint can fill them
        model.optimizer.build(model.trainable_variables)
    checkpoint = TrainingCheckpoint(run / CHECKPOINT_FILE)
    done = checkpoint.restore(model)
    if done >= epochs:
        print(f"{run} is finished: {done} epochs of {steps_per_epoch} steps.")
        return
    if done:
        print(f"{run} goes on after epoch {done}.")
    verbose, lines = show_fit(fit_options.pop("verbose", "auto"))
    model.fit(
        feed(batches(done * steps_per_epoch)),
        initial_epoch=done,
        epochs=epochs,
        steps_per_epoch=steps_per_epoch,
        callbacks=[*callbacks, *lines, ResumableCSVLog(run / "log.csv"), checkpoint],
        shuffle=False,
        verbose=verbose,
        **fit_options,
    )


def best_so_far(run, monitor):
    """The smallest value of a metric up to the checkpoint: what the log has beyond it is trained again.

    Args:
        run: the run folder.
        monitor: the metric's name in `log.csv`.

    Returns:
        The value, infinite where there is none.
    """
    done = finished_epochs(run / CHECKPOINT_FILE)
    values = [row.get(monitor, math.nan) for row in read_log(run / "log.csv")[0] if row["epoch"] <= done]
    return min(filter(math.isfinite, values), default=math.inf)
