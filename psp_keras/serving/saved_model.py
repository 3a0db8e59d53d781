from pathlib import Path

import keras
import tensorflow as tf

from psp_keras.atomic_write import atomic_write
from psp_keras.check_output import check_folder
from psp_keras.errors import UserError
from psp_keras.serving.image_decoding import decode_pictures
from psp_keras.serving.warmup import write_warmup
from psp_keras.tasks.encoder_inputs import EncoderInputs
from psp_keras.tasks.registry import get_task

_DRAWS = 1024  # random masks; those of longer batches repeat


def export_saved_model(model, path, dtype="float32"):
    """Writes a SavedModel that needs nothing but TensorFlow, for TF Serving and others.

    | signature | inputs | output |
    | --- | --- | --- |
    | `serving_default` | `image_bytes`: string (N,), JPEG or PNG of any size | `translated_bytes`: string (N,), PNG |
    | `translate` | `images`: float32 (N, S, S, C), what the encoder sees | `images`: float32 (N, R, R, 3), [-1, 1] |
    | `encode` | `images`: float32 (N, S, S, C) | `latents`: float32 (N, num_styles, style_dim) |
    | `decode` | `latents`: float32 (N, num_styles, style_dim) | `images`: float32, full size |
    | `map` | `z`: float32 (N, style_dim) | `latents` |
    | `style_mix` | `image_bytes`: string (N,); scalars `seed` int32, `alpha` float32, `num_outputs` int32 |
      `mixed_bytes`: string (N, num_outputs), PNG |

    The seed of `style_mix` counts from 0 to 2^32 - 1 (from 2^31 as the int32 of the same bits), and draws what
    `PSP.style_mix` draws with it on Keras's TensorFlow backend.

    The weights are stored once, however many signatures use them. With the extra `serving` installed, a warm-up request
    is written too.

    Args:
        model: `PSP`.
        path: folder to write, such as `export/psp/1`; TF Serving wants a version number there.
        dtype: storage type of the weights, `"float32"` or `"bfloat16"` (half the size; the arithmetic stays the same).

    Raises:
        UserError: the folder holds something already, or cannot be written.
    """
    path = Path(path)
    check_folder(path)
    if path.is_dir() and any(path.iterdir()):
        raise UserError(f"{path} is not empty: choose another version number.")
    graph = ServingGraph(model, dtype)
    archive = keras.export.ExportArchive()
    archive.track(graph)
    for name, (function, inputs) in graph.endpoints().items():
        archive.add_endpoint(name, function, inputs)
    tf.get_logger().setLevel("ERROR")  # it would announce the scratch folder
    with atomic_write(path) as scratch:
        archive.write_out(str(scratch), verbose=False)
        write_warmup(scratch, model.encoder.image_size)


class ServingGraph(tf.Module):
    """The signatures of an exported model, and its weights in their storage type.

    Args:
        model: `PSP`.
        dtype: storage type of the weights.
    """

    def __init__(self, model, dtype):
        super().__init__()
        self._model = model
        self._task = get_task(model.task)
        self._inputs = EncoderInputs.to_translate(self._task, model.encoder.image_size)
        self._styles = self._task.style_mask(model.generator.num_styles)
        self.stored = [tf.Variable(tf.cast(variable.value, dtype), trainable=False) for variable in model.weights]

    def endpoints(self):
        """Returns the function and the inputs of every signature."""
        model, generator = self._model, self._model.generator
        image_bytes = tf.TensorSpec((None,), tf.string)
        images = tf.TensorSpec((None, *model.source_shape), tf.float32)
        latents = tf.TensorSpec((None, generator.num_styles, generator.style_dim), tf.float32)
        seed, alpha, count = (tf.TensorSpec((), kind) for kind in (tf.int32, tf.float32, tf.int32))
        return {
            "serving_default": (self.serve, [image_bytes]),
            "translate": (self.translate, [images]),
            "encode": (self.encode, [images]),
            "decode": (self.decode, [latents]),
            "map": (self.map, [tf.TensorSpec((None, generator.style_dim), tf.float32)]),
            "style_mix": (self.style_mix, [image_bytes, seed, alpha, count]),
        }

    # The names of the arguments are those of the signatures' inputs.

    def serve(self, image_bytes):
        return {"translated_bytes": _encode_png(self._with_weights(self._model.translate, self._read(image_bytes)))}

    def translate(self, images):
        return {"images": self._with_weights(self._model.translate, images)}

    def encode(self, images):
        return {"latents": self._with_weights(self._model.encode, images)}

    def decode(self, latents):
        return {"images": self._with_weights(self._model.decode, latents)}

    def map(self, z):
        return {"latents": self._with_weights(self._model.map, z)}

    def style_mix(self, image_bytes, seed, alpha, num_outputs):
        count = tf.shape(image_bytes)[0]
        shape = (num_outputs, self._model.generator.style_dim)
        z = tf.tile(tf.random.stateless_normal(shape, _seed_of_keras(seed)), (count, 1))
        images = tf.repeat(self._read(image_bytes), num_outputs, axis=0)

        def mix():
            return self._model.translate(images, self._styles, self._model.map(z), alpha=alpha)

        return {"mixed_bytes": tf.reshape(_encode_png(self._with_weights(mix)), (count, num_outputs))}

    def _read(self, image_bytes):
        images = decode_pictures(image_bytes, self._inputs.source, self._inputs.size)
        mask = self._inputs.degradation
        return _hide(images, mask) if mask else images

    def _with_weights(self, function, *arguments):
        values = [tf.cast(stored, variable.dtype) for stored, variable in zip(self.stored, self._model.weights)]
        with keras.StatelessScope(state_mapping=list(zip(self._model.weights, values))):
            return function(*arguments)


def _hide(images, mask):
    """What `InpaintingMask` does, in a graph."""
    draws = tf.gather(mask.draws(_DRAWS), tf.range(tf.shape(images)[0]) % _DRAWS)
    return tf.where(mask.hidden(draws)[..., None], 0.0, images)


def _seed_of_keras(seed):
    """What `keras.random`, and so `PSP.style_mix`, hands TensorFlow for a seed of 32 bits, which come as an int32."""
    number = tf.cast(tf.bitcast(seed, tf.uint32), tf.int64)
    return tf.cast(tf.stack([tf.math.floormod(number, tf.int32.max - 1), 0]), tf.int32)


def _encode_png(images):
    pixels = tf.cast(tf.clip_by_value(tf.round((images + 1.0) * 127.5), 0, 255), tf.uint8)
    return tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.string)
