import keras

from psp_keras.atomic_write import atomic_write


def export_litert(model, path):
    """Writes a `.tflite` file through Keras's exporter. See `psp_keras.serving.export`.

    It takes one picture at a time: for a batch of any size the converter writes shapes with two unknown sizes, which
    the LiteRT runtime refuses.
    """
    images = keras.InputSpec(dtype="float32", shape=(1, *model.source_shape), name="images")
    with atomic_write(path) as scratch:
        model.export(scratch, format="litert", verbose=False, input_signature=[images])
