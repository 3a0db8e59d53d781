"""Writes what tensorflow-addons' Lookahead(RectifiedAdam) does in 50 steps, for `tests/test_parity.py`.

Runs in an environment of its own (`make parity-tfa`): tensorflow-addons cannot be imported beside Keras 3.
"""

import sys

import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa

STEPS = 50
SHAPES = {"kernel": (6, 5), "bias": (5,)}


def main(path):
    rng = np.random.RandomState(5)
    start = {name: rng.randn(*shape).astype("float32") for name, shape in SHAPES.items()}
    gradients = {name: rng.randn(STEPS, *shape).astype("float32") for name, shape in SHAPES.items()}
    variables = {name: tf.Variable(value) for name, value in start.items()}
    radam = tfa.optimizers.RectifiedAdam(1e-2, beta_1=0.95, beta_2=0.999, epsilon=1e-5, sma_threshold=5.0)
    optimizer = tfa.optimizers.Lookahead(radam, sync_period=6, slow_step_size=0.5)
    history = {name: [] for name in SHAPES}
    for step in range(STEPS):
        optimizer.apply_gradients((tf.constant(gradients[name][step]), variables[name]) for name in SHAPES)
        for name in SHAPES:
            history[name].append(variables[name].numpy())
    np.savez_compressed(
        path,
        **{name: np.stack(values) for name, values in history.items()},
        **{f"start_{name}": value for name, value in start.items()},
        **{f"gradient_{name}": value for name, value in gradients.items()},
    )


if __name__ == "__main__":
    main(sys.argv[1])
