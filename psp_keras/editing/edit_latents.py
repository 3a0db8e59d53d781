"""Edits of latents along directions."""

import numpy as np
from keras import ops

from psp_keras.editing.direction import Direction
from psp_keras.errors import UserError


def edit(latents, direction, strength):
    """Moves latents along a direction, or along several, one after the other.

    Args:
        latents: w_plus `(N, num_styles, style_dim)`.
        direction: `Direction`, or a list of them.
        strength: how far (or, for a direction with a `center`, to where): a number, or one for each latent, `(N,)`.
            For several directions, a list with as many of these.

    Returns:
        w_plus of the same shape, float32.

    Raises:
        UserError: a direction does not fit the latents, or there are not as many strengths.

    Example:
        >>> latents = np.zeros((3, 10, 128))
        >>> smile, older = (Direction(name, np.ones(128), styles=[4]) for name in ("smile", "older"))
        >>> edit(latents, [smile, older], [[-1, 0, 1], 0.5])[:, 4, 0].numpy()
        array([-0.5,  0.5,  1.5], dtype=float32)
    """
    latents = ops.convert_to_tensor(latents, "float32")
    if len(latents.shape) != 3:
        raise UserError(f"`latents` must have the shape (N, num_styles, style_dim), got {tuple(latents.shape)}.")
    if isinstance(direction, Direction):
        return _edit_once(latents, direction, strength)
    if not np.iterable(strength) or len(strength) != len(direction):
        raise UserError(f"`strength` must be a list of {len(direction)}, one for each direction, got {strength!r}.")
    for one, its_strength in zip(direction, strength):
        latents = _edit_once(latents, one, its_strength)
    return latents


def _edit_once(latents, direction, strength):
    _, num_styles, style_dim = latents.shape
    direction.check_shape(num_styles, style_dim)
    strength = ops.convert_to_tensor(strength, "float32")
    if tuple(strength.shape) not in ((), (1,), (latents.shape[0],)):
        raise UserError(f"`strength` must be a number or one for each latent, got the shape {tuple(strength.shape)}.")
    if direction.center is not None:
        strength = strength - _position(latents, direction)
    return latents + ops.reshape(strength, (-1, 1, 1)) * direction.offsets(num_styles)


def _position(latents, direction):
    """Where latents are along a direction, in steps from its center; their first style tells, as in GANSpace's code."""
    along = direction.step / np.square(direction.step, dtype="float64").sum()
    return ops.matmul(latents[:, 0] - direction.center, along.astype("float32"))
