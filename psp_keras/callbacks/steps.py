"""How far a training is."""

import keras


def finished_steps(model):
    """Returns how many steps a model has been trained for; `fit` on JAX keeps its variables to itself meanwhile."""
    if keras.backend.backend() == "jax":
        model.jax_state_sync()
    return int(model.optimizer.iterations)
