import math

from keras import ops

from psp_keras.errors import UserError
from psp_keras.models.generator import Generator
from psp_keras.models.resolutions import pyramid
from psp_keras.option_kinds import check_above_zero


def blend(coarse: Generator, fine: Generator, from_resolution: int, gradual: float | None = None) -> Generator:
    """Puts the coarse layers of one generator and the fine ones of another together.

    Source: Pinkney and Adler, *Resolution Dependent GAN Interpolation*, 2020; toonify's generator is made this way.
    Coarse layers decide on pose and shapes, fine ones on texture and colour. The mapping network and the average latent
    are those of `coarse`, so that its latents and directions keep their meaning. Of the noise images, which are not
    learned, those of the generator with the larger share are taken.

    Args:
        coarse: the generator whose layers below `from_resolution` are taken.
        fine: the generator whose layers from `from_resolution` on are taken; one of the two was fine-tuned from the
            other, or both from a third.
        from_resolution: pixels, one of the generators' resolutions from 8.
        gradual: how many resolutions the change takes, about: the share of `fine` at r pixels is
            `sigmoid((log2(r / from_resolution) + 1/2) / gradual)`, half way between the two resolutions that the change
            falls between. Without it the change is whole.

    Returns:
        A new `Generator` of the class and the dtype of `coarse`.

    Raises:
        UserError: the generators differ in class or shape, or a number is out of its range.

    Example:
        >>> photos, cartoons = (Generator.from_preset(f"mini_faces_{name}stylegan2") for name in ("", "cartoon_"))
        >>> blend(cartoons, photos, from_resolution=16).resolution
        64
    """
    _check_same_shape(coarse, fine)
    sizes = pyramid(coarse.resolution)
    if from_resolution not in sizes[1:]:
        raise UserError(f"`from_resolution` must be one of {', '.join(map(str, sizes[1:]))}, got {from_resolution!r}.")
    if gradual is not None:
        check_above_zero(gradual=gradual)
    blended = type(coarse).from_config(coarse.get_config())
    blended.build()
    blended.set_weights(coarse.get_weights())
    for size in sizes:
        share = _share_of_fine(math.log2(size / from_resolution), gradual)
        for weight, other in zip(blended.synthesis.weights_at(size), fine.synthesis.weights_at(size)):
            part = round(share) if weight.name == "noise" else share
            one, other = (ops.cast(value, "float32") for value in (weight, other))
            weight.assign((1 - part) * one + part * other)
    return blended


def _share_of_fine(octaves, gradual):
    """How much of `fine` is in the layers that lie so many doublings above `from_resolution`."""
    if gradual is None:
        return float(octaves >= 0)
    return 0.5 + 0.5 * math.tanh((octaves + 0.5) / (2 * gradual))  # a sigmoid that cannot overflow


def _check_same_shape(coarse, fine):
    shapes = [[tuple(weight.shape) for weight in one.weights] for one in (coarse, fine)]
    if type(coarse) is not type(fine) or shapes[0] != shapes[1]:
        described = [f"a {type(one).__name__} of {one.resolution} pixels" for one in (coarse, fine)]
        parameters = [f"{one.count_params():,} parameters" for one in (coarse, fine)]
        raise UserError(
            f"`coarse` is {described[0]} and {parameters[0]}, `fine` {described[1]} and {parameters[1]}: "
            "they must be of one shape, such as one fine-tuned from the other."
        )
