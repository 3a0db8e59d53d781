"""InterFaceGAN: the normal of the plane that parts latents of low and high scores (Shen et al., CVPR 2020)."""

import dataclasses
from pathlib import Path

import numpy as np

from psp_keras.editing.array_files import read_npy
from psp_keras.editing.direction import SHOWN, Direction
from psp_keras.editing.torch_arrays import read_torch
from psp_keras.errors import UserError
from psp_keras.option_kinds import check_number, check_whole

_FEWEST = 4  # on each side, to train and to validate on
_VALIDATED = 0.3  # of the extremes


def interfacegan(latents, scores, name, extremes=0.1, generator=None, seed=0):
    """Finds the direction along which a score rises, with a linear support vector machine.

    A direction is a unit vector, over all styles together for w_plus; its range is 3 standard deviations of the latents
    along it.

    Args:
        latents: w `(N, style_dim)` or w_plus `(N, num_styles, style_dim)`.
        scores: a number for each, `(N,)`.
        name: of the direction.
        extremes: the share of the latents with the lowest and with the highest scores that it looks at, up to 0.5.
        generator: `KnownGenerator` of the latents.
        seed: of the choice of those that it is validated on.

    Returns:
        `(Direction, accuracy)`, the accuracy on 30 % of the extremes that were kept apart.

    Raises:
        UserError: scikit-learn is missing, the shapes do not fit, or there are too few latents.

    Example:
        >>> latents = np.random.default_rng(0).normal(size=(200, 16))
        >>> direction, accuracy = interfacegan(latents, scores=latents[:, 3], name="third", extremes=0.25)
        >>> int(direction.step.argmax())
        3
    """
    latents, scores = np.asarray(latents, "float32"), np.asarray(scores, "float64")
    _check(latents, scores, extremes)
    vectors = latents.reshape(len(latents), -1)
    chosen, high = _extremes(scores, extremes, name)
    order = np.random.default_rng(seed).permutation(len(chosen))
    validated, trained = np.split(order, [max(1, round(_VALIDATED * len(order)))])
    classifier = _machine(name).fit(vectors[chosen[trained]], high[trained])
    accuracy = classifier.score(vectors[chosen[validated]], high[validated])
    normal = classifier.coef_[0] / np.linalg.norm(classifier.coef_)
    spread = (vectors @ normal).std()
    limits = (SHOWN[0] * spread, SHOWN[1] * spread)
    step = normal.reshape(latents.shape[1:])
    return Direction(name, step, range=limits, method="interfacegan", generator=generator), float(accuracy)


def condition(direction, others):
    """Takes out of a direction what it has of others, so that an edit leaves their scores (section 3.3).

    Args:
        direction: `Direction`.
        others: `Direction`s on the same styles.

    Returns:
        The projected `Direction`, as long as the one given.

    Raises:
        UserError: a direction has another shape, or nothing is left.

    Example:
        >>> smile, age = Direction("smile", [1.0, 1.0]), Direction("age", [0.0, 1.0])
        >>> condition(smile, [age]).step
        array([1.4142135, 0.       ], dtype=float32)
    """
    for other in others:
        if other.step.shape != direction.step.shape or other.styles != direction.styles:
            raise UserError(f"The directions {direction.name} and {other.name} are on different styles.")
    if not others:
        return direction
    step = direction.step.astype("float64").ravel()
    basis = np.stack([other.step.ravel() for other in others], axis=1).astype("float64")
    left = step - basis @ np.linalg.lstsq(basis, step, rcond=None)[0]
    if np.linalg.norm(left) < 1e-6 * np.linalg.norm(step):
        names = ", ".join(other.name for other in others)
        raise UserError(f"The direction {direction.name} lies in {names}: nothing is left of it.")
    left *= np.linalg.norm(step) / np.linalg.norm(left)
    return dataclasses.replace(direction, step=left.reshape(direction.step.shape))


def read_boundary(path, name=None, style_dim=512):
    """Reads a direction that others found: `.pt` of encoder4editing, or `.npy` of InterFaceGAN's own code.

    Args:
        path: the file: w `(style_dim,)`, w_plus `(num_styles, style_dim)` or that in one row, under any axes of 1.
        name: of the direction; by default the file's.
        style_dim: size of a style.

    Raises:
        UserError: the file is missing, damaged or of another kind.
    """
    check_whole(1, style_dim=style_dim)
    path = Path(path)
    array = read_npy(path) if path.suffix == ".npy" else read_torch(path)
    step = array.reshape(array.shape[next((i for i, size in enumerate(array.shape) if size > 1), 0) :])
    if step.ndim == 1 and len(step) != style_dim and len(step) % style_dim == 0:
        step = step.reshape(-1, style_dim)
    if step.ndim not in (1, 2) or step.shape[-1] != style_dim:
        raise UserError(f"{path} holds no direction for styles of size {style_dim}, but the shape {array.shape}.")
    return Direction(name or path.stem, step, method="interfacegan")


def _check(latents, scores, extremes):
    check_number(0, 0.5, extremes=extremes)
    if latents.ndim not in (2, 3):
        raise UserError(f"`latents` must be (N, style_dim) or (N, num_styles, style_dim), got {latents.shape}.")
    if scores.shape != (len(latents),) or not np.isfinite(scores).all():
        raise UserError(f"`scores` must be {len(latents)} finite numbers, one for each latent, got {scores.shape}.")


def _extremes(scores, share, name):
    """Indices of the lowest and the highest scores, and which of them are high."""
    count = int(share * len(scores))
    if count < _FEWEST:
        raise UserError(f"{len(scores)} scores of {name} leave {count} at each end: give more, or larger `extremes`.")
    order = np.argsort(scores, kind="stable")
    if scores[order[count - 1]] >= scores[order[-count]]:
        raise UserError(f"The lowest and the highest scores of {name} are the same: there is nothing to part.")
    return np.concatenate([order[:count], order[-count:]]), np.arange(2 * count) >= count


def _machine(name):
    try:
        from sklearn.svm import SVC
    except ImportError as error:
        raise UserError(f"Finding {name} needs scikit-learn: pip install 'psp-keras[editing]'.") from error
    return SVC(kernel="linear")
