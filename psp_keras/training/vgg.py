"""`psp-keras train-vgg`: a small VGG for LPIPS, trained to read the attributes of MiniFaces."""

import dataclasses

import keras
from keras import ops

from psp_keras.data.image_files import to_float
from psp_keras.data.image_source import ArraySource, draw_mini_faces, training_batches
from psp_keras.data.mini_faces import MiniFaces
from psp_keras.models.perceptual_network import PerceptualNetwork
from psp_keras.training.fit_resumable import fit_resumable
from psp_keras.training.options import VGGOptions
from psp_keras.training.run_dtype import run_dtype
from psp_keras.training.run_folder import lock_run, open_run


class AttributeReader(keras.Model):
    """Reads `attribute_vector` from the deepest features of a perceptual network.

    Args:
        network: `PerceptualNetwork`, built.
        num_attributes: length of the vector.
    """

    def __init__(self, network, num_attributes, **kwargs):
        super().__init__(**kwargs)
        self.network = network
        self.dense = keras.layers.Dense(num_attributes, name="dense")

    def call(self, images):
        features = self.network.features(images)[-1]
        return self.dense(ops.reshape(features, (-1, features.shape[1] * features.shape[2] * features.shape[3])))


def train_vgg(output, **options):
    """Trains a VGG16 on MiniFaces attributes; the same call goes on where a stopped one left off.

    Args:
        output: the run folder; `vgg/` in it becomes the preset.
        **options: the fields of `psp_keras.training.VGGOptions`: `width`, `epochs`, ...

    Returns:
        `{"explained_variance": ...}` of the attributes on the test split: 1 is perfect, 0 is the mean.

    Raises:
        UserError: the options contradict the run folder.
    """
    options = VGGOptions(output=output, **options)
    options = dataclasses.replace(options, dtype=run_dtype(options.dtype, output))
    with lock_run(output):
        run = open_run(output, options.recorded())
        keras.utils.set_random_seed(options.seed)
        faces, count = MiniFaces(options.size, options.seed), options.num_images
        reader = _make_reader(options, faces.attribute_vectors([0]).shape[1])
        steps = count // options.batch_size
        schedule = keras.optimizers.schedules.CosineDecay(options.learning_rate, options.epochs * steps)
        reader.compile(keras.optimizers.Adam(schedule, clipnorm=1.0), loss="mse", jit_compile=False)

        def batches(skip):
            source, vectors = ArraySource(draw_mini_faces(faces, count)), faces.attribute_vectors(range(count))
            return training_batches(source, options.batch_size, vectors, options.seed, skip)

        fit_resumable(reader, batches, run, options.epochs, steps)
        reader.network.save_to_preset(run / "vgg", dtype="float16")
        return measure_vgg(reader, options.size)


def _make_reader(options, num_attributes):
    network = PerceptualNetwork("vgg16", options.width, dtype=options.dtype, name="vgg")
    network.build()
    reader = AttributeReader(network, num_attributes)
    reader(ops.zeros((1, options.size, options.size, 3)))
    return reader


def measure_vgg(reader, size, num_images=1000):
    """Returns the share of the attributes' variance that the reader explains on the test split."""
    faces = MiniFaces(size, split="test")
    wanted = faces.attribute_vectors(range(num_images))
    read = reader.predict(to_float(faces.images(range(num_images))), verbose=0)
    return {"explained_variance": float(1 - ((read - wanted) ** 2).mean() / wanted.var(axis=0).mean())}
