"""SeFa: directions that change a layer's style the most, from its weights alone (Shen and Zhou, CVPR 2021)."""

import numpy as np
from keras import ops

from psp_keras.editing.direction import SHOWN, Direction
from psp_keras.editing.known_generator import KnownGenerator
from psp_keras.editing.principal_axes import principal_axes
from psp_keras.editing.style_ranges import check_styles, name_styles
from psp_keras.errors import UserError
from psp_keras.option_kinds import check_whole

_SAMPLES = 2048


def sefa(generator, styles=None, num_directions=8, name="generator", seed=0):
    """Finds the directions of w that change the styles of some layers the most.

    A direction is a unit vector; its range is 3 standard deviations of w along it.

    Args:
        generator: `Generator`.
        styles: indices of the styles; all by default. The last one of a StyleGAN2 only colours, and is left out of the
            search.
        num_directions: how many, the strongest first.
        name: of the generator, for `KnownGenerator`.
        seed: of the w that the ranges are measured with.

    Returns:
        `{name: Direction}`, named like `sefa_0-3_1`.

    Raises:
        UserError: the generator has no such style, or not as many directions.

    Example:
        >>> generator = psp_keras.models.StyleGAN2Generator.from_preset("mini_faces_stylegan2")
        >>> list(sefa(generator, styles=[0, 1, 2], num_directions=2))
        ['sefa_0-2_1', 'sefa_0-2_2']
    """
    check_whole(1, generator.style_dim, num_directions=num_directions)
    styles = check_styles(styles, generator.num_styles)
    _, vectors = factorize(style_kernels(generator, styles))
    known = KnownGenerator.of(generator, name)
    z = np.random.default_rng(seed).standard_normal((_SAMPLES, generator.style_dim), "float32")
    spreads = (ops.convert_to_numpy(generator.mapping(z)) @ vectors.T).std(axis=0)
    return {
        f"sefa_{name_styles(styles)}_{number}": Direction(
            f"sefa_{name_styles(styles)}_{number}",
            vector,
            styles,
            range=(SHOWN[0] * spread, SHOWN[1] * spread),
            method="sefa",
            generator=known,
        )
        for number, (vector, spread) in enumerate(zip(vectors[:num_directions], spreads), 1)
    }


def style_kernels(generator, styles):
    """The kernels that turn w into the scales of convolutions, `(style_dim, channels)` each, for these styles."""
    modulations = generator.synthesis.modulations()
    kernels = [modulations[style].kernel for style in styles if style < len(modulations)]
    if not kernels:
        colours = f"`styles` names {len(modulations)} alone, which only colours"
        raise UserError(f"{colours}: SeFa needs one of a convolution.")
    return [ops.convert_to_numpy(ops.cast(kernel, "float32")) for kernel in kernels]


def factorize(kernels):
    """Eigenvectors of `A A^T` where the columns of A are those of all kernels, each of length 1.

    Args:
        kernels: `(style_dim, channels)` each.

    Returns:
        `(values, vectors)`, the largest first: `(style_dim,)` and unit rows `(style_dim, style_dim)`, in each of which
        the largest entry is positive.
    """
    columns = np.concatenate(kernels, axis=1).astype("float64")
    columns /= np.maximum(np.linalg.norm(columns, axis=0), np.finfo("float32").tiny)
    return principal_axes(columns @ columns.T)
