"""The latents of e4e: one code for every style, and what single styles add to it (Tov et al., 2021, section 3.2)."""

import keras
from keras import ops


def add_stage(encoder):
    """Gives an encoder the weight that says which styles differ from the first: those up to it, at first all."""
    return encoder.add_weight(
        name="stage",
        shape=(),
        initializer=keras.initializers.Constant(encoder.num_styles - 1),
        trainable=False,
        dtype="float32",
        autocast=False,
        aggregation="only_first_replica",
    )


def up_to(stage, num_styles):
    """Whether the number of a style is at most `stage`, a boolean for each, `(num_styles,)`."""
    return ops.arange(num_styles, dtype="float32") <= ops.cast(stage, "float32")


def add_deltas(codes, stage):
    """Adds deltas to the first code.

    Args:
        codes: w_0, then the delta of every style from 1, `(N, style_dim)` each.
        stage: the last style that has a delta; what lies past it gets no gradients.

    Returns:
        w_plus `(N, num_styles, style_dim)`.
    """
    first, *deltas = codes
    deltas = ops.stack([ops.zeros_like(first), *deltas], axis=1)
    return first[:, None] + ops.where(up_to(stage, len(codes))[:, None], deltas, ops.zeros_like(deltas))
