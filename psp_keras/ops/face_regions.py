"""Parts of an aligned face that losses look at."""

from keras import ops

# Rows and columns of the inner face in a 256-pixel FFHQ-aligned picture (published pSp, `id_loss.py`).
_ROWS, _COLUMNS = (35, 223), (32, 220)
_ALIGNED_SIZE = 256


def shrink_to_256(images):
    """Average-pools square images larger than 256 pixels to 256, where the published losses and outputs live."""
    images = ops.convert_to_tensor(images)
    if images.shape[1] <= _ALIGNED_SIZE:
        return images
    return ops.adaptive_average_pool(images, (_ALIGNED_SIZE, _ALIGNED_SIZE))


def inner_face(images):
    """Cuts the inner face out of aligned images `(N, S, S, C)`; `(N, 188, 188, C)` from 256 pixels or more."""
    images = shrink_to_256(images)
    scale = images.shape[1] / _ALIGNED_SIZE
    rows, columns = (slice(round(start * scale), round(stop * scale)) for start, stop in (_ROWS, _COLUMNS))
    return images[:, rows, columns]


def recognition_input(images, size):
    """What a recognition network of `size` pixels sees of aligned faces `(N, S, S, 3)`: the inner face, pooled."""
    return ops.adaptive_average_pool(inner_face(images), (size, size))
