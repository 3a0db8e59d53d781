"""`psp-keras train-arcface`: a small face recognition network for MiniFaces."""

import keras
import numpy as np

from psp_keras.data.image_files import to_float
from psp_keras.data.image_source import ArraySource, draw_mini_faces, training_batches
from psp_keras.data.mini_faces import MiniFaces
from psp_keras.losses.identity_loss import IdentityLoss
from psp_keras.models.arcface import ArcFace
from psp_keras.training.arcface_trainer import ArcFaceTrainer
from psp_keras.training.fit_resumable import fit_resumable
from psp_keras.training.run_dtype import run_dtype
from psp_keras.training.run_folder import check_length, one_training_a_folder, open_run


@one_training_a_folder
def train_arcface(
    output,
    size=64,
    image_size=48,
    embedding_dim=128,
    num_layers=18,
    width=16,
    squeeze_excite=True,
    num_identities=2000,
    images_per_identity=20,
    epochs=12,
    batch_size=64,
    learning_rate=2e-3,
    dtype="auto",
    seed=0,
):
    """Trains an `ArcFace` on MiniFaces identities; the same call goes on where a stopped one left off.

    Args:
        output: the run folder; `arcface/` in it becomes the preset.
        size: pixels of the faces.
        image_size: pixels of the network's input.
        embedding_dim: size of the embedding.
        num_layers: depth of the network.
        width: channels of its first stage.
        squeeze_excite: IR-SE instead of IR.
        num_identities: people in the training set.
        images_per_identity: pictures of each.
        epochs: passes over all pictures.
        batch_size: pictures in a step.
        learning_rate: at the start; it falls to 0 along a cosine.
        dtype: dtype policy of the network; see `run_dtype` for `"auto"`.
        seed: of the weights and the data.

    Returns:
        Measured cosines on people no training saw, see `measure_arcface`.
    """
    dtype = run_dtype(dtype, output)
    check_length(
        epochs=epochs, batch_size=batch_size, num_identities=num_identities, images_per_identity=images_per_identity
    )
    run = open_run(output, {name: value for name, value in locals().items() if name != "output"})
    keras.utils.set_random_seed(seed)
    network = ArcFace(
        image_size, embedding_dim, num_layers, squeeze_excite, width, dropout=0.1, dtype=dtype, name="arcface"
    )
    network.build()
    trainer = ArcFaceTrainer(network, num_identities)
    count = num_identities * images_per_identity
    steps = count // batch_size
    trainer.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(learning_rate, epochs * steps)))

    def batches(skip):
        faces = MiniFaces(size, seed, num_identities=num_identities)
        images = draw_mini_faces(faces, count)
        return training_batches(ArraySource(images), batch_size, np.arange(count) % num_identities, seed, skip)

    fit_resumable(trainer, batches, run, epochs, steps)
    network.save_to_preset(run / "arcface", dtype="float16")
    return measure_arcface(network, size)


def measure_arcface(network, size=64, num_pairs=1000):
    """Returns mean cosines of same and different people, and how often their order is right, on the test split."""
    faces = MiniFaces(size, split="test", num_identities=num_pairs)
    loss = IdentityLoss(network)

    def embed(start):
        parts = [range(i, i + 100) for i in range(start, start + num_pairs, 100)]
        return np.concatenate([keras.ops.convert_to_numpy(loss.embed(to_float(faces.images(part)))) for part in parts])

    first, second = embed(0), embed(num_pairs)
    same = np.sum(first * second, axis=1)
    different = np.sum(first * np.roll(second, 1, axis=0), axis=1)
    return {
        "cosine_same_person": float(same.mean()),
        "cosine_different_people": float(different.mean()),
        "same_above_different": float(np.mean(same[:, None] > different[None, :])),
    }
