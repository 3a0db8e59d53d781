"""Trains a shipped preset and a small GAN for a few steps and prints every loss as JSON.

`test_backends.py` runs it on each backend.

python tests/backend_losses.py STEPS
"""

import itertools
import json
import sys

import keras
import numpy as np

from psp_keras import PSP
from psp_keras.data import MiniFaces, to_float
from psp_keras.losses import PSPLoss
from psp_keras.models import StyleGAN2Discriminator, StyleGAN2Generator
from psp_keras.optimizers import Ranger
from psp_keras.training import GANTrainer
from psp_keras.training.feed import feed


def main(steps):
    model = PSP.from_preset("mini_faces_inversion")
    loss = PSPLoss(w_norm=0.005, perceptual_network="mini_faces_vgg", arcface="mini_faces_arcface")
    model.compile(Ranger(1e-3), loss)
    images = to_float(MiniFaces(split="test").images(range(4 * steps)))
    losses = _Losses()
    model.fit(images, images, batch_size=4, shuffle=False, verbose=0, callbacks=[losses])
    translated = np.asarray(model.predict(images[:4], verbose=0))
    measured = {"losses": losses.of_batches, "translated": float(np.square(translated).mean())}
    print(json.dumps({**measured, "gan": gan_losses(steps)}))


def gan_losses(steps):
    """Losses of a GAN that draws the same numbers at every step: those of `keras.random` differ between backends."""
    rng = np.random.default_rng(1)
    networks = StyleGAN2Generator(16, 8, 2, 64, 8), StyleGAN2Discriminator(16, 64, 8)
    for network in networks:
        network.build()
        network.set_weights([rng.normal(size=w.shape) * (1 if "kernel" in w.path else 0.1) for w in network.weights])
    trainer = GANTrainer(*networks)
    trainer.compile(0.002)
    keras.random.normal = _fixed(lambda rng, shape: rng.normal(size=shape).astype("float32"))
    keras.random.uniform = _fixed(lambda rng, shape: rng.uniform(size=shape).astype("float32"))
    keras.random.randint = _fixed(lambda rng, shape, low, high: rng.integers(low, high, shape, "int32"))
    losses, images = _Losses(), rng.uniform(-1, 1, (8, 16, 16, 3)).astype("float32")
    trainer.fit(feed(itertools.repeat(images)), steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=[losses])
    return losses.of_batches


def _fixed(draw):
    return lambda shape, *limits, **_: keras.ops.convert_to_tensor(draw(np.random.default_rng(5), shape, *limits))


class _Losses(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.of_batches = []

    def on_train_batch_end(self, batch, logs=None):
        self.of_batches.append({name: float(value) for name, value in logs.items()})


if __name__ == "__main__":
    main(int(sys.argv[1]))
