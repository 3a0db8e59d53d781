from collections.abc import Callable

import keras
import numpy as np
import wandb
from wandb.integration.keras import WandbEvalCallback

from psp_keras.callbacks.steps import finished_steps
from psp_keras.callbacks.wandb_run import safely
from psp_keras.data.image_files import to_uint8
from psp_keras.typing import Tensor

_SAMPLES = 16


class WandbTranslations(WandbEvalCallback):
    """Logs image tables: samples of the data before the first step, then `Source | Target | Output` as it learns.

    The tables `test_translations` (always the same pictures) and `train_translations` (what the step trains on) have a
    column for the identity cosine when the model's loss has an identity term.

    Args:
        test: `(source, target)` arrays of test examples.
        train_batch: function of the step number, to the `(source, target)` batch that it trains on.
        every: steps between two tables.
        to_pictures: function that turns sources into uint8 RGB, such as `Segmentation.to_pictures`.
        num_images: rows in the tables of translations.
        seed: of the 16 random samples.

    Raises:
        wandb.Error: no W&B run has been started.

    Example:
        >>> with wandb.init(project="faces", mode="disabled"):  # without `mode`, it goes to wandb.ai
        ...     callbacks = [WandbTranslations((images, images), lambda step: (images, images))]  # of `model.fit`
    """

    def __init__(
        self,
        test: tuple[Tensor, Tensor],
        train_batch: Callable[[int], tuple[Tensor, Tensor]],
        every: int = 500,
        to_pictures: Callable[[Tensor], np.ndarray] = to_uint8,
        num_images: int = 8,
        seed: int = 0,
    ):
        super().__init__(["Source", "Target"], ["Source", "Target", "Output"])
        self.test = test
        self.train_batch = train_batch
        self.every = every
        self.to_pictures = to_pictures
        self.num_images = num_images
        self.seed = seed

    def on_train_begin(self, logs=None):
        step = finished_steps(self.model)
        if step:
            return  # resumed: the samples are there
        for split in ("train", "test"):
            self.init_data_table(self.data_table_columns)
            self.add_ground_truth(split)
            safely(wandb.log, {f"{split}_samples": self.data_table, "global_step": step})

    def on_epoch_end(self, epoch, logs=None):
        """The tables come with the steps."""

    def on_train_batch_end(self, batch, logs=None):
        step = finished_steps(self.model)
        if step % self.every:
            return
        for split, pair in (("test", self.test), ("train", self.train_batch(step - 1))):
            columns = [*self.pred_table_columns, *(["Identity cosine"] if self._identity else [])]
            self.init_pred_table(columns)
            self.add_model_predictions(*(np.asarray(part)[: self.num_images] for part in pair))
            safely(wandb.log, {f"{split}_translations": self.pred_table, "global_step": step})

    def add_ground_truth(self, split: str) -> None:
        """Adds 16 random examples, the same for the same seed."""
        rng = np.random.default_rng(self.seed)
        if split == "test":
            chosen = rng.permutation(len(self.test[0]))[:_SAMPLES]
            source, target = (np.asarray(part)[chosen] for part in self.test)
        else:
            source, target = self._train_samples()
        for one, other in zip(self.to_pictures(source), to_uint8(target)):
            self.data_table.add_data(wandb.Image(one), wandb.Image(other))

    def add_model_predictions(self, source: Tensor, target: Tensor) -> None:
        """Translates a batch and adds a row for each of its pictures."""
        outputs = keras.ops.convert_to_numpy(self.model.translate(source))
        rows = [self.to_pictures(source), to_uint8(target), to_uint8(outputs)]
        cosines = [None] * len(source)
        if self._identity:
            cosines = keras.ops.convert_to_numpy(self._identity.similarity(target, outputs))
        for *images, cosine in zip(*rows, cosines):
            extra = [] if cosine is None else [float(cosine)]
            self.pred_table.add_data(*(wandb.Image(image) for image in images), *extra)

    def _train_samples(self):
        """The first steps' examples, whose order is random, as many as there are rows."""
        parts, step = [], 0
        while sum(len(part[0]) for part in parts) < _SAMPLES:
            parts.append([np.asarray(part) for part in self.train_batch(step)])
            step += 1
        return [np.concatenate(part)[:_SAMPLES] for part in zip(*parts)]

    @property
    def _identity(self):
        return getattr(self.model.psp_loss, "identity", None)
