"""Latents of pictures by optimisation."""

import keras
import numpy as np
from keras import ops

from psp_keras.batches import even_batches, even_size
from psp_keras.losses.lpips import LPIPS
from psp_keras.models.generator import Generator
from psp_keras.models.perceptual_network import PerceptualNetwork
from psp_keras.ops.face_regions import shrink_to_256
from psp_keras.progress import Progress
from psp_keras.typing import PathLike, Tensor

MOST_AT_ONCE = 8  # a step's gradients hold several times what drawing does


def project_images(
    generator: Generator,
    targets: Tensor,
    start: Tensor,
    steps: int = 300,
    learning_rate: float = 0.05,
    l2: float = 1.0,
    lpips: float = 0.8,
    perceptual_network: PerceptualNetwork | PathLike = "mini_faces_vgg",
    batch_size: int = MOST_AT_ONCE,
) -> np.ndarray:
    """Optimises W+ latents with Adam until the generator draws the targets (pSp, table 1, "optimization").

    Pictures of a batch do not influence each other.

    Args:
        generator: `Generator`.
        targets: images `(N, S, S, 3)` in [-1, 1]; S is the generator's resolution, at most 256.
        start: latents to start from, broadcastable to `(N, num_styles, style_dim)`.
        steps: length of the optimisation.
        learning_rate: at the start; it falls to 0 along a cosine.
        l2: weight of the mean squared error.
        lpips: weight of LPIPS.
        perceptual_network: `PerceptualNetwork`, or a preset of one.
        batch_size: pictures at a time.

    Returns:
        w_plus latents, NumPy `(N, num_styles, style_dim)`.

    Raises:
        UserError: `perceptual_network` is no preset of one.
        ValueError: `start` cannot be broadcast to latents of the targets.
    """
    weights = {"l2": l2, "lpips": lpips, "perceptual_network": perceptual_network}
    batches = project_batches(generator, targets, start, steps, learning_rate, batch_size=batch_size, **weights)
    return np.concatenate(list(batches))


def project_batches(generator, targets, start, steps, learning_rate, l2, lpips, perceptual_network, batch_size):
    """Yields what `project_images` returns, batch by batch."""
    import tensorflow as tf

    shape = (len(targets), generator.num_styles, generator.style_dim)
    starts = np.broadcast_to(ops.convert_to_numpy(start), shape)
    batch_size = even_size(len(targets), batch_size)
    latents = keras.Variable(np.zeros((batch_size, *shape[1:]), "float32"), name="latents")
    distance = LPIPS(perceptual_network)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(learning_rate, steps))
    optimizer.build([latents])

    @tf.function
    def step(wanted):
        with tf.GradientTape() as tape:
            images = shrink_to_256(generator.synthesize(latents.value))
            errors = l2 * ops.mean(ops.square(images - wanted), axis=(1, 2, 3)) + lpips * distance.call(wanted, images)
            loss = ops.sum(errors)
        optimizer.apply([tape.gradient(loss, latents.value)], [latents])
        return loss / batch_size

    progress = Progress(steps * -(-len(targets) // batch_size), "step")
    for first, chosen in zip(range(0, len(targets), batch_size), even_batches(len(targets), batch_size)):
        latents.assign(starts[chosen])
        for variable in optimizer.variables:
            variable.assign(ops.zeros_like(variable))
        wanted = ops.convert_to_tensor(targets[chosen], "float32")
        for _ in range(steps):
            progress.add(1, [("loss", float(step(wanted)))])
        yield ops.convert_to_numpy(latents)[: len(targets) - first]
