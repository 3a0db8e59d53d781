"""GANSpace: the principal components of w, on some of the styles (Harkonen et al., NeurIPS 2020)."""

from pathlib import Path

import numpy as np
from keras import ops

from psp_keras.editing.array_files import read_npz
from psp_keras.editing.direction import Direction
from psp_keras.editing.known_generator import KnownGenerator
from psp_keras.editing.principal_axes import principal_axes
from psp_keras.editing.style_ranges import check_styles, name_styles
from psp_keras.editing.torch_arrays import read_torch
from psp_keras.errors import UserError
from psp_keras.option_kinds import check_whole
from psp_keras.progress import Progress

_AT_ONCE = 4096
# What encoder4editing's notebook does with `ffhq_pca.pt`: the component, its styles, and how far it goes at most.
FFHQ_EDITS = {
    "eye_openness": (54, (7,), 20),
    "smile": (46, (4,), -20),
    "trimmed_beard": (58, (7, 8), 20),
    "white_hair": (57, (7, 8, 9), -24),
    "lipstick": (34, (10,), 20),
}


def ganspace(generator, styles=None, num_directions=8, num_samples=1000000, name="generator", seed=0):
    """Finds the directions in which w varies the most. Strengths are in standard deviations.

    The covariance of w is summed up batch by batch, so that the memory does not grow with the samples.

    Args:
        generator: `Generator`.
        styles: indices of the styles that the directions change; all by default.
        num_directions: how many, the strongest first.
        num_samples: random w to look at; a million in the paper.
        name: of the generator, for `KnownGenerator`.
        seed: of the w.

    Returns:
        `{name: Direction}`, named like `ganspace_0-3_1`.

    Raises:
        UserError: the generator has no such style, or not as many directions.

    Example:
        >>> generator = psp_keras.models.StyleGAN2Generator.from_preset("mini_faces_stylegan2")
        >>> list(ganspace(generator, styles=[4, 5], num_directions=2, num_samples=1000))
        1000/1000 samples
        ['ganspace_4-5_1', 'ganspace_4-5_2']
    """
    check_whole(1, generator.style_dim, num_directions=num_directions)
    check_whole(2, num_samples=num_samples)
    styles = check_styles(styles, generator.num_styles)
    _, components, spreads = principal_components(_random_w(generator, num_samples, seed))
    known = KnownGenerator.of(generator, name)
    names = [f"ganspace_{name_styles(styles)}_{number}" for number in range(1, num_directions + 1)]
    return {
        name: Direction(name, spread * component, styles, method="ganspace", generator=known)
        for name, component, spread in zip(names, components, spreads)
    }


def principal_components(batches):
    """PCA of vectors that come in batches, exact, in memory for one batch.

    Args:
        batches: an iterable of `(N, d)`.

    Returns:
        `(mean, components, standard deviations)`: `(d,)`, unit rows `(d, d)`, the strongest first, and `(d,)`, float64.
    """
    count, origin, total, products = 0, None, 0, 0
    for batch in batches:
        batch = np.asarray(batch, "float64")
        origin = batch.mean(axis=0) if origin is None else origin  # else digits are lost where the mean is large
        batch = batch - origin
        count += len(batch)
        total = total + batch.sum(axis=0)
        products = products + batch.T @ batch
    mean = total / count
    variances, components = principal_axes(products / count - np.outer(mean, mean))
    return origin + mean, components, np.sqrt(np.maximum(variances, 0))


def read_ganspace(path, styles=None):
    """Reads components that others computed: `ffhq_pca.pt` of encoder4editing, or an `.npz` of GANSpace's own code.

    Args:
        path: the file.
        styles: indices of the styles that the directions change; all by default.

    Returns:
        `{name: Direction}`, in standard deviations, named like `ganspace_0` after the number in the file, which begins
        at 0. They are centred: a strength is where the coordinate ends, as encoder4editing's edits have it.

    Raises:
        UserError: the file is missing, damaged or of another kind.
    """
    mean, components, spreads = _read_components(Path(path))
    described = {"styles": styles, "method": "ganspace", "center": mean}
    steps = {f"ganspace_{number}": spread * row for number, (row, spread) in enumerate(zip(components, spreads))}
    return {name: Direction(name, step, **described) for name, step in steps.items()}


def read_ffhq_edits(path):
    """Reads encoder4editing's `ffhq_pca.pt` and returns the edits that its notebook names, `{name: Direction}`."""
    components = read_ganspace(path)
    edits = {}
    for name, (number, styles, farthest) in FFHQ_EDITS.items():
        if f"ganspace_{number}" not in components:
            raise UserError(f"{path} holds {len(components)} components, too few for the edits of FFHQ.")
        step, center = components[f"ganspace_{number}"].step, components[f"ganspace_{number}"].center
        limits = (-abs(farthest), abs(farthest))
        edits[name] = Direction(name, step, styles, range=limits, method="ganspace", center=center)
    return edits


def _read_components(path):
    if path.suffix == ".npz":
        mean, components, spreads = read_npz(path, ["lat_mean", "lat_comp", "lat_stdev"]).values()
    else:
        mean, components, spreads = read_torch(path, ["mean", "comp", "std"])
    if components.ndim != 3 or mean.size != components.shape[-1] or spreads.shape != (len(components),):
        raise UserError(f"{path} holds no components of w, but {components.shape} with a mean of {mean.shape}.")
    if components.shape[1] != 1:
        raise UserError(f"{path} holds components of {components.shape[1]} styles at once: compute those of w.")
    return mean.reshape(-1), components[:, 0], spreads


def _random_w(generator, num_samples, seed):
    rng, progress = np.random.default_rng(seed), Progress(num_samples, "sample")
    for start in range(0, num_samples, _AT_ONCE):
        z = rng.standard_normal((min(_AT_ONCE, num_samples - start), generator.style_dim), "float32")
        yield ops.convert_to_numpy(generator.mapping(z))
        progress.add(len(z))
