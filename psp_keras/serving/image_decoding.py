"""Picture bytes to what the encoder sees, inside a graph: the same as `psp-keras translate` makes of the files."""

import tensorflow as tf

from psp_keras.serving.jpeg_orientation import upright
from psp_keras.serving.pillow_resize import pillow_resize_matrix

_LARGEST = 100_000_000  # pixels; a few hundred bytes of PNG can claim more
# What `to_input` of the sources does, in a graph.
_TO_INPUT = {
    "photo": lambda stored, _: tf.cast(stored, tf.float32) / 127.5 - 1.0,
    "sketch": lambda stored, _: tf.cast(stored, tf.float32) / 255.0,
    "segmentation": lambda stored, source: tf.one_hot(tf.cast(stored[..., 0], tf.int32), source.num_classes),
}


def decode_pictures(image_bytes, source, size):
    """Decodes a batch of JPEG or PNG files.

    Args:
        image_bytes: string `(N,)`.
        source: `Photo`, `Sketch` or `Segmentation`.
        size: pixels of the encoder's input.

    Returns:
        Encoder inputs, float32 `(N, size, size, source.channels)`.

    An `InvalidArgumentError` names the index of the first picture that is broken, too large or no picture.
    """
    read = _read_labels if source.kind == "segmentation" else _read_colors
    stored = tf.map_fn(
        lambda item: read(_decode(*item), item[0], source, size),
        (tf.range(tf.shape(image_bytes)[0]), image_bytes),
        fn_output_signature=tf.TensorSpec((size, size, source.stored_channels), tf.uint8),
    )
    return _TO_INPUT[source.kind](stored, source)


def _decode(index, data):
    """One picture as uint8 RGBA `(H, W, 4)`."""
    pixels = tf.where(tf.io.is_jpeg(data), _attempt(_jpeg_pixels, data, tf.constant(1, tf.int64)), _png_pixels(data))
    known = tf.Assert(pixels > 0, ["image", index, "of the batch is neither JPEG nor PNG"])
    small = tf.Assert(pixels <= _LARGEST, ["image", index, "has too many pixels"])
    with tf.control_dependencies([known, small]):
        image = _attempt(_decode_one, tf.identity(data), tf.zeros((0, 0, 4), tf.uint8))
    with tf.control_dependencies([tf.Assert(tf.size(image) > 0, ["image", index, "of the batch is broken"])]):
        return tf.identity(image)


def _attempt(function, data, default):
    """`function(data)`, or `default` where it fails: tf.data turns an error into a missing element."""
    results = tf.data.Dataset.from_tensors(data).map(function).ignore_errors()
    # Not `reduce`, which takes a hundred times as long.
    return results.concatenate(tf.data.Dataset.from_tensors(default)).take(1).get_single_element()


def _decode_one(data):
    # Channels as they are in the file: asked for four, the decoder gives small palettes a wrong alpha.
    image = tf.cond(
        tf.io.is_jpeg(data),
        lambda: upright(tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE"), data),
        lambda: tf.io.decode_png(data),
    )
    channels = tf.shape(image)[-1]
    color = tf.cond(channels < 3, lambda: tf.repeat(image[..., :1], 3, axis=-1), lambda: image[..., :3])
    opaque = tf.fill(tf.shape(image[..., :1]), tf.constant(255, tf.uint8))
    alpha = tf.cond(channels % 2 > 0, lambda: opaque, lambda: image[..., -1:])
    return tf.ensure_shape(tf.concat([color, alpha], axis=-1), (None, None, 4))


def _jpeg_pixels(data):
    return tf.reduce_prod(tf.cast(tf.io.extract_jpeg_shape(data)[:2], tf.int64))


def _png_pixels(data):
    """Width times height from a PNG's header, 0 where it is none."""
    is_png = tf.logical_and(tf.strings.length(data) > 24, tf.equal(tf.strings.substr(data, 0, 8), b"\x89PNG\r\n\x1a\n"))
    header = tf.cond(is_png, lambda: tf.strings.substr(data, 16, 8), lambda: tf.constant(b"\0" * 8))
    digits = tf.cast(tf.io.decode_raw(header, tf.uint8), tf.int64)
    powers = tf.constant([1 << 24, 1 << 16, 1 << 8, 1], tf.int64)
    return tf.reduce_sum(digits[:4] * powers) * tf.reduce_sum(digits[4:] * powers)


def _read_colors(image, index, source, size):
    color, alpha = tf.cast(image[..., :3], tf.float32), tf.cast(image[..., 3:], tf.float32) / 255.0
    color = tf.floor(color * alpha + 255.0 * (1 - alpha) + 0.5)  # on white, in 8 bits as Pillow does
    if source.stored_channels == 1:
        weights = tf.constant([[19595.0], [38470.0], [7471.0]]) / 65536.0
        color = tf.floor(tf.tensordot(color, weights, 1) + 0.5)
    rows, columns = (
        pillow_resize_matrix(length, _offset(image, axis), _side(image), size) for axis, length in _axes(image)
    )
    wide = tf.floor(tf.einsum("xw,hwc->hxc", columns, tf.cast(color, tf.float64)) + 0.5)
    return tf.cast(tf.clip_by_value(tf.floor(tf.einsum("yh,hxc->yxc", rows, wide) + 0.5), 0, 255), tf.uint8)


def _read_labels(image, index, source, size):
    rows, columns = (
        tf.cast(_offset(image, axis) + (tf.range(size, dtype=tf.float64) + 0.5) * _side(image) / size, tf.int32)
        for axis, _ in _axes(image)
    )
    color = tf.cast(tf.gather(tf.gather(image[..., :3], rows, axis=0), columns, axis=1), tf.int32)
    palette = tf.constant(source.palette().astype("int32"))
    matches = tf.reduce_all(tf.equal(color[:, :, None], palette), axis=-1)
    grey = tf.reduce_all(tf.equal(color, color[..., :1]), axis=-1)
    is_label = tf.logical_and(grey, color[..., 0] < source.num_classes)
    known = tf.reduce_all(tf.logical_or(is_label, tf.reduce_any(matches, axis=-1)))
    with tf.control_dependencies([tf.Assert(known, ["image", index, "holds a colour that stands for no label"])]):
        labels = tf.where(is_label, color[..., 0], tf.cast(tf.argmax(matches, axis=-1), tf.int32))
    return tf.cast(labels, tf.uint8)[..., None]


def _axes(image):
    return [(axis, tf.cast(tf.shape(image)[axis], tf.float64)) for axis in (0, 1)]


def _side(image):
    """Pixels of the middle square."""
    return tf.cast(tf.reduce_min(tf.shape(image)[:2]), tf.float64)


def _offset(image, axis):
    """Where the middle square begins along an axis."""
    return (tf.cast(tf.shape(image)[axis], tf.float64) - _side(image)) / 2
