"""Pictures under affine transformations, by plain gathers: gradients of any order pass on every backend."""

from keras import ops


def sample_affine(images, matrices):
    """Samples pictures bilinearly at transformed positions; beyond a border lies the picture's reflection.

    The bilinear filter is two pixels wide, so a picture may shrink to half its size before pixels go missing.

    Args:
        images: `(N, H, W, C)`.
        matrices: float32 `(N, 3, 3)`, from a place `(x, y, 1)` in the output to the place in `images`, in pixels from
            the centre.

    Returns:
        `(N, H, W, C)`.
    """
    height, width, channels = images.shape[1:]
    x, y = _sources(matrices, height, width)
    (left, right, across), (top, bottom, down) = _neighbours(x, width), _neighbours(y, height)
    first = ops.arange(ops.shape(images)[0], dtype="int32")[:, None] * (height * width)
    pixels = ops.reshape(images, (-1, channels))

    def between(row):
        start = first + row * width
        return _mix(ops.take(pixels, start + left, axis=0), ops.take(pixels, start + right, axis=0), across)

    return ops.reshape(_mix(between(top), between(bottom), down), (-1, height, width, channels))


def _sources(matrices, height, width):
    """The places in the input that the output's pixels come from, x and y: `(N, H * W)` each."""
    centre_x, centre_y = (width - 1) / 2, (height - 1) / 2
    x, y = ops.meshgrid(ops.arange(width, dtype="float32") - centre_x, ops.arange(height, dtype="float32") - centre_y)
    grid = ops.reshape(ops.stack([x, y, ops.ones_like(x)]), (3, -1))
    places = ops.matmul(ops.cast(matrices, "float32")[:, :2], grid)
    return places[:, 0] + centre_x, places[:, 1] + centre_y


def _neighbours(places, size):
    """The pixels before and behind reflected places, and how far from the first to the second these are."""
    last = size - 1
    places = last - ops.abs(ops.mod(places, 2.0 * last) - last)
    before = ops.clip(ops.floor(places), 0, last)
    number = ops.cast(before, "int32")
    return number, ops.minimum(number + 1, last), places - before


def _mix(one, other, share):
    return one + (other - one) * ops.cast(share, one.dtype)[..., None]
