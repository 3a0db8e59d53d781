"""`modellarge10k.pt` of StyleFlow."""

from psp_keras.models.style_flow import StyleFlow
from weights_conversion.errors import CheckpointError
from weights_conversion.rows import Row, counter, dense_rows, scalar, transposed, unchanged

FIELD = "chain.1.odefunc.diffeq.layers."


def make_styleflow(state):
    """Returns the untrained `StyleFlow` that a state dict describes."""
    layers = sum(key.startswith(FIELD) and key.endswith("_layer.weight") for key in state)
    if not layers or any(key.startswith("chain.3.") for key in state):
        raise CheckpointError("it is no StyleFlow of one block")
    units, style_dim = state[f"{FIELD}0._layer.weight"].shape
    context = state[f"{FIELD}0._hyper_gate.weight"].shape[1]
    model = StyleFlow(style_dim, context - 1, layers, units)
    model.build()
    return model


def styleflow_rows(model):
    """Rows of every weight."""
    yield from _norm_rows(model.norm_in, "chain.0")
    yield Row("chain.1.sqrt_end_time", model.sqrt_end_time, scalar)
    yield Row("chain.1.odefunc._num_evals", None, counter)
    for i, layer in enumerate(model.field):
        yield from dense_rows(layer.dense, f"{FIELD}{i}._layer")
        yield from dense_rows(layer.gate, f"{FIELD}{i}._hyper_gate")
        yield Row(f"{FIELD}{i}._hyper_bias.weight", layer.shift.kernel, transposed)
    yield from _norm_rows(model.norm_out, "chain.2")


def _norm_rows(layer, key):
    yield Row(f"{key}.weight", layer.log_scale, unchanged)
    yield Row(f"{key}.bias", layer.offset, unchanged)
    yield Row(f"{key}.running_mean", layer.moving_mean, unchanged)
    yield Row(f"{key}.running_var", layer.moving_variance, unchanged)
    yield Row(f"{key}.step", None, counter)
