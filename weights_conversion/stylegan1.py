"""The original StyleGAN as genforce writes it: a state dict of its `StyleGANGenerator`, alone or under its name."""

import math

import numpy as np

from psp_keras.models.stylegan1_generator import StyleGAN1Generator
from weights_conversion.errors import CheckpointError
from weights_conversion.rows import Row, conv_kernel, dense_rows, first_image, transposed, unchanged

MARK = "synthesis.layer0.apply_noise.weight"  # no other network of genforce's has noise in its first layer
_PARTS = ("generator_smooth", "generator")  # the moving average is the better one
_FUSED_FROM = 128  # pixels from which genforce, as NVIDIA's code, doubles the resolution by a transposed convolution


def stylegan1_part(content):
    """Returns which part of a file is the generator, "" where the file is it, or `None` where there is none."""
    parts = {"": content, **_networks(content)}
    return next((name for name in ("", *_PARTS) if isinstance(parts.get(name), dict) and MARK in parts[name]), None)


def stylegan1_state(content):
    """Returns the generator's state dict."""
    return {"": content, **_networks(content)}[stylegan1_part(content)]


def _networks(content):
    """The networks of a file by their names: as genforce publishes them, or as its training writes them."""
    networks = content.get("models", content)
    return networks if isinstance(networks, dict) else {}


def make_stylegan1(state):
    """Returns the untrained `StyleGAN1Generator` that a state dict describes.

    Raises:
        CheckpointError: it is class-conditional, has no learned constant, or draws smaller pictures so far.
    """
    if "mapping.label_weight" in state:
        raise CheckpointError("it is class-conditional, which pSp cannot use")
    if "synthesis.layer0.const" not in state:
        raise CheckpointError("its synthesis does not begin with a learned constant, the only kind supported")
    outputs = sum(key.startswith("synthesis.output") and key.endswith(".weight") for key in state)
    resolution = 2 * 2**outputs
    last = state[f"synthesis.layer{2 * outputs - 1}.weight"].shape[0]
    model = StyleGAN1Generator(
        resolution=resolution,
        style_dim=state["truncation.w_avg"].shape[0],
        num_mapping_layers=sum(key.startswith("mapping.dense") and key.endswith(".weight") for key in state),
        channel_base=last * resolution,
        channel_max=state["synthesis.layer0.const"].shape[1],
        name="generator",
    )
    model.build()
    return model


def stylegan1_rows(model):
    """Rows of every weight."""
    yield Row("truncation.w_avg", model.latent_average, unchanged)
    for i, dense in enumerate(model.mapping.dense):
        yield Row(f"mapping.dense{i}.weight", dense.kernel, transposed)
        yield Row(f"mapping.dense{i}.bias", dense.bias, before_gain)
    network = model.synthesis
    yield Row("synthesis.lod", None, finished)
    yield Row("synthesis.layer0.const", network.constant, constant)
    for i, block in enumerate(network.blocks):
        yield from _block_rows(block, f"synthesis.layer{i}", fused=4 * 2 ** (i // 2) >= _FUSED_FROM)
    last = len(network.blocks) // 2 - 1
    for level in range(last):
        for name in ("weight", "bias"):
            yield Row(f"synthesis.output{level}.{name}", None, of_the_training)
    yield Row(f"synthesis.output{last}.weight", network.to_rgb.kernel, conv_kernel)
    yield Row(f"synthesis.output{last}.bias", network.bias, unchanged)


def _block_rows(block, key, fused):
    if block.convolve:
        yield Row(f"{key}.weight", block.conv.kernel, mirrored_kernel if block.up and fused else conv_kernel)
    if block.up:
        yield Row(f"{key}.blur.kernel", None, blur_filter)
    yield Row(f"{key}.bias", block.bias, before_gain)
    yield Row(f"{key}.apply_noise.weight", block.noise.strength, before_gain)
    yield Row(f"{key}.apply_noise.noise", block.noise.noise, first_image)
    yield from dense_rows(block.norm.modulation, f"{key}.style")


def before_gain(x):
    """What is added before the activation: genforce's has no gain of sqrt(2), its kernels have it instead."""
    return x / math.sqrt(2)


def constant(x):
    """The learned constant, which meets the activation as if it came from a kernel."""
    return before_gain(first_image(x))


def mirrored_kernel(x):
    """The kernel of a transposed convolution, which mirrors it."""
    return conv_kernel(x)[::-1, ::-1]


def finished(x):
    """How many resolutions the progressive training has yet to come to."""
    if x != 0:
        raise CheckpointError(f"its training was at level of detail {float(x):g}, not at its full resolution")


def of_the_training(x):
    """Pictures at smaller sizes: only the progressive training draws them."""


def blur_filter(x):
    """StyleGAN's [1, 2, 1] filter, which our layers know."""
    taps = np.outer([1, 2, 1], [1, 2, 1]) / 16
    if not np.allclose(x, taps, atol=1e-6):
        raise CheckpointError("its low-pass filter is not [1, 2, 1], the only one supported")
