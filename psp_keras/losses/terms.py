"""The terms of the loss by name, and what each measures. Imports no Keras."""

import reprlib

from psp_keras.errors import UserError
from psp_keras.values import is_number

TERMS = {
    "l2": "the mean squared error",
    "lpips": "LPIPS",
    "id": "the identity loss",
    "moco": "the MoCo loss",
    "w_norm": "the distance from the average latent",
    "l2_crop": "the mean squared error on the inner face",
    "lpips_crop": "LPIPS on the inner face",
    "delta_norm": "how far the styles are from the first (e4e: 0.0002)",
    "adversarial": "how easily latents are told from those of the generator (e4e: 0.1)",
}


def check_weights(weights, where, others=False):
    """Checks weights of loss terms.

    Args:
        weights: numbers by the names of terms.
        where: what has them, for the message.
        others: whether terms beside these have a weight.

    Raises:
        UserError: there is no such term, a weight is no finite number from 0, or all are 0.
    """
    for name, weight in weights.items():
        if name not in TERMS:
            raise UserError(f"{where}: there is no loss {name!r}, only {', '.join(TERMS)}.")
        if not is_number(weight, 0):
            raise UserError(f"{where}: the weight of {name} must be a number from 0, got {reprlib.repr(weight)}.")
    if not others and not any(weights.values()):
        raise UserError(f"{where}: at least one weight must be above 0.")
