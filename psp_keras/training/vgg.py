"""`psp-keras train-vgg`: a small VGG for LPIPS, trained to read the attributes of MiniFaces."""

import keras
from keras import ops

from psp_keras.data.image_files import to_float
from psp_keras.data.image_source import ArraySource, draw_mini_faces, training_batches
from psp_keras.data.mini_faces import MiniFaces
from psp_keras.models.perceptual_network import PerceptualNetwork
from psp_keras.training.fit_resumable import fit_resumable
from psp_keras.training.run_dtype import run_dtype
from psp_keras.training.run_folder import check_length, one_training_a_folder, open_run


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


@one_training_a_folder
def train_vgg(
    output,
    size=64,
    width=12,
    num_images=20000,
    epochs=10,
    batch_size=32,
    learning_rate=1e-3,
    dtype="auto",
    seed=0,
):
    """Trains a VGG16 on MiniFaces attributes; the same call goes on where a stopped one left off.

    Args:
        output: the run folder; `vgg/` in it becomes the preset.
        size: pixels of the faces.
        width: channels of the first convolution, 64 in VGG16.
        num_images: pictures in the training set.
        epochs: passes over all pictures.
        batch_size: pictures in a step.
        learning_rate: at the start; it falls to 0 along a cosine.
        dtype: dtype policy of the network; see `run_dtype` for `"auto"`.
        seed: of the weights and the data.

    Returns:
        `{"explained_variance": ...}` of the attributes on the test split: 1 is perfect, 0 is the mean.
    """
    dtype = run_dtype(dtype, output)
    check_length(epochs=epochs, batch_size=batch_size, num_images=num_images)
    run = open_run(output, {name: value for name, value in locals().items() if name != "output"})
    keras.utils.set_random_seed(seed)
    network = PerceptualNetwork("vgg16", width, dtype=dtype, name="vgg")
    network.build()
    faces = MiniFaces(size, seed)
    reader = AttributeReader(network, faces.attribute_vectors([0]).shape[1])
    reader(ops.zeros((1, size, size, 3)))
    steps = num_images // batch_size
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, epochs * steps)
    reader.compile(keras.optimizers.Adam(schedule, clipnorm=1.0), loss="mse", jit_compile=False)

    def batches(skip):
        images = draw_mini_faces(faces, num_images)
        return training_batches(ArraySource(images), batch_size, faces.attribute_vectors(range(num_images)), seed, skip)

    fit_resumable(reader, batches, run, epochs, steps)
    network.save_to_preset(run / "vgg", dtype="float16")
    return measure_vgg(reader, size)


def measure_vgg(reader, size, num_images=1000):
    """Returns the share of the attributes' variance that the reader explains on the test split."""
    faces = MiniFaces(size, split="test")
    wanted = faces.attribute_vectors(range(num_images))
    read = reader.predict(to_float(faces.images(range(num_images))), verbose=0)
    return {"explained_variance": float(1 - ((read - wanted) ** 2).mean() / wanted.var(axis=0).mean())}
