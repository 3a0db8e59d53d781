"""The resolution pyramid that generator and discriminator share."""

import math

from psp_keras.errors import UserError
from psp_keras.ops.checks import check_sizes

_LARGEST_BASE = 2**20


def check_pyramid(resolution, channel_base, channel_max):
    """Raises a `UserError` unless `resolution` is a power of two from 16 to 1024 and the channels are sizes."""
    if resolution not in (16, 32, 64, 128, 256, 512, 1024):
        raise UserError(f"`resolution` must be a power of two from 16 to 1024, got {resolution}.")
    check_sizes(_LARGEST_BASE, channel_base=channel_base)
    check_sizes(channel_max=channel_max)
    if channel_base < resolution:
        raise UserError(f"`channel_base` must be at least the resolution, {resolution}, got {channel_base}.")


def num_styles(resolution):
    """Number of style inputs of a generator: `2 * log2(resolution) - 2`, 18 at 1024."""
    return 2 * int(math.log2(resolution)) - 2


def channels_at(resolution, channel_base, channel_max):
    """Feature channels at one resolution; `(32768, 512)` is StyleGAN2's config-f."""
    return min(channel_base // resolution, channel_max)


def pyramid(resolution):
    """Resolutions from 4 up to `resolution`."""
    return [2**level for level in range(2, int(math.log2(resolution)) + 1)]
