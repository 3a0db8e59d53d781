"""Trains a shipped preset for a few steps and prints every loss as JSON; `test_backends.py` runs it on each backend.

python tests/backend_losses.py STEPS
"""

import json
import sys

import keras
import numpy as np

from psp_keras import PSP
from psp_keras.data import MiniFaces, to_float
from psp_keras.losses import PSPLoss
from psp_keras.optimizers import Ranger


def main(steps):
    model = PSP.from_preset("mini_faces_inversion")
    loss = PSPLoss(w_norm=0.005, perceptual_network="mini_faces_vgg", arcface="mini_faces_arcface")
    model.compile(Ranger(1e-3), loss)
    images = to_float(MiniFaces(split="test").images(range(4 * steps)))
    losses = _Losses()
    model.fit(images, images, batch_size=4, shuffle=False, verbose=0, callbacks=[losses])
    translated = np.asarray(model.predict(images[:4], verbose=0))
    print(json.dumps({"losses": losses.of_batches, "translated": float(np.square(translated).mean())}))


class _Losses(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.of_batches = []

    def on_train_batch_end(self, batch, logs=None):
        self.of_batches.append({name: float(value) for name, value in logs.items()})


if __name__ == "__main__":
    main(int(sys.argv[1]))
