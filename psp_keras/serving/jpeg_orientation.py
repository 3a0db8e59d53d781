"""How a camera was held, read from a JPEG's EXIF block inside a graph (EXIF 2.3, sections 4.5 and 4.6)."""

import tensorflow as tf

_SEARCHED = 1 << 18  # bytes; the block comes first and holds at most 64 KiB
_EXIF_SEGMENT, _PIXELS_BEGIN = 0xE1, 0xDA
_ORIENTATION = 0x0112


def upright(image, data):
    """Turns a decoded JPEG `(H, W, C)` the way its EXIF block says; others stay as they are."""
    orientation = _orientation(data)
    image = tf.cond(orientation >= 5, lambda: tf.transpose(image, (1, 0, 2)), lambda: image)
    for axis, mirrored in ((1, (2, 3, 6, 7)), (0, (3, 4, 7, 8))):
        step = tf.reduce_any(tf.equal(orientation, mirrored))
        image = tf.cond(step, lambda image=image, axis=axis: tf.reverse(image, [axis]), lambda image=image: image)
    return image


def _orientation(data):
    """1 to 8; 1, upright, where the bytes say nothing that can be understood."""
    data = tf.cast(tf.io.decode_raw(tf.strings.substr(data, 0, _SEARCHED), tf.uint8), tf.int64)
    data = tf.pad(data, [[0, 1]])  # what lies behind the end reads as this zero
    segment = tf.while_loop(
        lambda at: _is_other_segment(data, at),
        lambda at: [at + 2 + _number(data, at + 2, 2)],
        [tf.constant(2, tf.int64)],
    )[0]
    start = segment + 10
    little_endian = tf.equal(_number(data, start, 1), ord("I"))
    directory = start + _number(data, start + 4, 4, little_endian)
    entries = directory + 2 + 12 * tf.range(_number(data, directory, 2, little_endian))
    is_orientation = tf.equal(_number(data, entries, 2, little_endian), _ORIENTATION)
    values = tf.where(is_orientation, _number(data, entries + 8, 2, little_endian), 0)
    value = tf.reduce_max(tf.concat([values, [0]], axis=0))
    known = tf.logical_and(_is_exif(data, segment), tf.logical_and(value >= 1, value <= 8))
    return tf.where(known, value, 1)


def _is_other_segment(data, at):
    is_segment = tf.logical_and(tf.equal(_number(data, at, 1), 0xFF), _number(data, at + 2, 2) >= 2)
    pixels_begin = tf.equal(_number(data, at + 1, 1), _PIXELS_BEGIN)
    return tf.logical_and(is_segment, tf.logical_not(tf.logical_or(pixels_begin, _is_exif(data, at))))


def _is_exif(data, at):
    says_so = tf.equal(_number(data, at + 4, 4), int.from_bytes(b"Exif", "big"))
    return tf.logical_and(tf.equal(_number(data, at + 1, 1), _EXIF_SEGMENT), says_so)


def _number(data, at, length, little_endian=False):
    """The whole numbers of `length` bytes that begin at the positions `at`."""
    digits = tf.range(length, dtype=tf.int64)
    positions = tf.clip_by_value(tf.expand_dims(at, -1) + digits, 0, tf.size(data, tf.int64) - 1)
    powers = tf.where(little_endian, digits, length - 1 - digits)
    return tf.reduce_sum(tf.gather(data, positions) * tf.pow(tf.constant(256, tf.int64), powers), axis=-1)
