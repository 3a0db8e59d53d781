"""`psp-keras project`: finds the latents of a picture by optimisation, one picture at a time or a batch."""

import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from psp_keras.atomic_write import atomic_write
from psp_keras.data.face_photos import FacePhotos
from psp_keras.data.image_files import read_image, to_float, to_uint8, write_image
from psp_keras.data.image_source import read_images
from psp_keras.errors import UserError, print_left_out
from psp_keras.layers.face_regions import shrink_to_256
from psp_keras.losses.lpips import LPIPS
from psp_keras.models.psp import PSP
from psp_keras.models.stylegan2_generator import StyleGAN2Generator
from psp_keras.translate_files import collect_files, name_outputs


def project_images(
    generator,
    targets,
    start,
    steps=300,
    learning_rate=0.05,
    l2=1.0,
    lpips=0.8,
    perceptual_network="mini_faces_vgg",
    batch_size=8,
):
    """Optimises W+ latents with Adam until the generator draws the targets (pSp, table 1, "optimization").

    Pictures of a batch do not influence each other.

    Args:
        generator: `StyleGAN2Generator`.
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
    """
    shape = (len(targets), generator.num_styles, generator.style_dim)
    starts = np.broadcast_to(ops.convert_to_numpy(start), shape)
    batch_size = min(batch_size, len(targets))
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

    bar = keras.utils.Progbar(steps * -(-len(targets) // batch_size), stateful_metrics=["loss"])
    found = []
    for first in range(0, len(targets), batch_size):
        # The last batch is filled up with the first pictures, so that it needs no compilation of its own.
        chosen = np.arange(first, first + batch_size) % len(targets)
        latents.assign(starts[chosen])
        for variable in optimizer.variables:
            variable.assign(ops.zeros_like(variable))
        wanted = ops.convert_to_tensor(targets[chosen], "float32")
        for _ in range(steps):
            bar.add(1, [("loss", float(step(wanted)))])
        found.append(ops.convert_to_numpy(latents))
    return np.concatenate(found)[: len(targets)]


def project_files(
    model,
    inputs,
    output,
    steps=300,
    learning_rate=0.05,
    from_encoder=False,
    l2=1.0,
    lpips=0.8,
    perceptual_network="mini_faces_vgg",
    align=False,
    on_broken=print_left_out,
):
    """Projects picture files.

    Args:
        model: `StyleGAN2Generator`, or `PSP`, whose generator is used.
        inputs: files and folders.
        output: folder for a PNG file and the latents, `.npz` with `w_plus`, of each picture.
        steps: see `project_images`.
        learning_rate: see `project_images`.
        from_encoder: whether to start where the encoder of a `PSP` looks, instead of at the average latent.
        l2: weight of the mean squared error.
        lpips: weight of LPIPS.
        perceptual_network: preset for LPIPS.
        align: whether to cut the largest face out of each photo first, see `align_face`.
        on_broken: called with a line for each file that cannot be read and is left out.

    Returns:
        `(paths, seconds)`: the pictures written and the seconds each took.
    """
    if from_encoder and not (isinstance(model, PSP) and model.encoder.in_channels == 3):
        raise UserError("--from-encoder needs the preset of a pSp that reads photos.")
    if not isinstance(model, (PSP, StyleGAN2Generator)):
        raise UserError(f"A {type(model).__name__} draws nothing: give the preset of a generator or of a pSp.")
    generator = model.generator if isinstance(model, PSP) else model
    size = min(256, generator.resolution)
    paths = collect_files(inputs)
    names = name_outputs(paths, Path(output))
    read = FacePhotos(size).read_one if align else lambda path: read_image(path, size)
    paths, images = read_images(paths, read, on_broken)
    begin = time.time()
    targets = to_float(images)
    start = model.encode(targets) if from_encoder else generator.latent_average
    latents = project_images(generator, targets, start, steps, learning_rate, l2, lpips, perceptual_network)
    for path, w_plus in zip(paths, latents):
        picture = shrink_to_256(generator.synthesize(w_plus[None]))
        write_image(names[path], to_uint8(ops.convert_to_numpy(picture))[0])
        with atomic_write(names[path].with_suffix(".npz")) as scratch, open(scratch, "wb") as file:
            np.savez_compressed(file, w_plus=w_plus)
    return [names[path] for path in paths], (time.time() - begin) / len(paths)
