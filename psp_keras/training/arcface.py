"""`psp-keras train-arcface`: a small face recognition network for MiniFaces."""

import dataclasses

import keras
import numpy as np

from psp_keras.data.image_files import to_float
from psp_keras.data.image_source import ArraySource, draw_mini_faces, training_batches
from psp_keras.data.mini_faces import MiniFaces
from psp_keras.losses.identity_loss import IdentityLoss
from psp_keras.models.arcface import ArcFace
from psp_keras.training.arcface_trainer import ArcFaceTrainer
from psp_keras.training.fit_resumable import fit_resumable
from psp_keras.training.options import ArcFaceOptions
from psp_keras.training.run_dtype import run_dtype
from psp_keras.training.run_folder import lock_run, open_run


def train_arcface(output, **options):
    """Trains an `ArcFace` on MiniFaces identities; the same call goes on where a stopped one left off.

    Args:
        output: the run folder; `arcface/` in it becomes the preset.
        **options: the fields of `psp_keras.training.ArcFaceOptions`: `num_layers`, `epochs`, ...

    Returns:
        Measured cosines on people no training saw, see `measure_arcface`.

    Raises:
        UserError: the options contradict the run folder.
    """
    options = ArcFaceOptions(output=output, **options)
    options = dataclasses.replace(options, dtype=run_dtype(options.dtype, output))
    with lock_run(output):
        run = open_run(output, options.recorded())
        keras.utils.set_random_seed(options.seed)
        network = _make_network(options)
        trainer = ArcFaceTrainer(network, options.num_identities)
        count = options.num_identities * options.images_per_identity
        steps = count // options.batch_size
        schedule = keras.optimizers.schedules.CosineDecay(options.learning_rate, options.epochs * steps)
        trainer.compile(keras.optimizers.Adam(schedule))

        def batches(skip):
            faces = MiniFaces(options.size, options.seed, num_identities=options.num_identities)
            source, labels = ArraySource(draw_mini_faces(faces, count)), np.arange(count) % options.num_identities
            return training_batches(source, options.batch_size, labels, options.seed, skip)

        fit_resumable(trainer, batches, run, options.epochs, steps)
        network.save_to_preset(run / "arcface", dtype="float16")
        return measure_arcface(network, options.size)


def _make_network(options):
    names = ("image_size", "embedding_dim", "num_layers", "squeeze_excite", "width", "dtype")
    network = ArcFace(**{name: getattr(options, name) for name in names}, dropout=0.1, name="arcface")
    network.build()
    return network


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
