import importlib.util

import keras
import numpy as np
import tensorflow as tf

from psp_keras.atomic_write import atomic_write
from psp_keras.errors import UserError


def export_onnx(model, path):
    """Writes an `.onnx` file with the input `images` and the output `translated`. See `psp_keras.serving.export`.

    The graph is converted with the weights as inputs, which then become constants of the file: converting them with the
    graph, as Keras's exporter does, takes more than 24 GB for networks of the published size, this takes 7.

    Raises:
        UserError: the extra `onnx` is not installed, or the file cannot be written.
    """
    if importlib.util.find_spec("tf2onnx") is None:
        raise UserError("The format onnx needs tf2onnx: pip install 'psp-keras[onnx]'.")
    import onnx

    file = _convert(model)
    used = {name for node in file.graph.node for name in node.input}
    for index, weight in enumerate(model.weights):
        if _name(index) in used:
            file.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(weight), _name(index)))
    images = [value for value in file.graph.input if value.name == "images"]
    del file.graph.input[:]
    file.graph.input.extend(images)
    with atomic_write(path) as scratch:
        onnx.save(file, scratch)


def _convert(model):
    """Returns `(images, *weights) -> translated` as an ONNX model."""
    import tf2onnx

    def translate(images, *weights):
        with keras.StatelessScope(state_mapping=list(zip(model.weights, weights))):
            return {"translated": model(images)}

    images = tf.TensorSpec((None, *model.source_shape), tf.float32, "images")
    weights = [tf.TensorSpec(weight.shape, weight.dtype, _name(i)) for i, weight in enumerate(model.weights)]
    signature = [images, *weights]
    return tf2onnx.convert.from_function(tf.function(translate, input_signature=signature), signature)[0]


def _name(index):
    return f"weight_{index}"
