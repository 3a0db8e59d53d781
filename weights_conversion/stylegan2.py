"""`stylegan2-ffhq-config-f.pt` (its `g_ema`, `g` and `d`), and the decoder inside pSp checkpoints."""

from psp_keras.models.stylegan2_discriminator import StyleGAN2Discriminator
from psp_keras.models.stylegan2_generator import StyleGAN2Generator
from weights_conversion.rows import (
    Row,
    conv_kernel,
    dense_of_flattened,
    dense_rows,
    first_image,
    flat,
    low_pass_filter,
    scalar,
    unchanged,
)
from weights_conversion.torch_reader import CheckpointError


def generator_options(state, prefix=""):
    """Reads the size of a generator off its keys and shapes."""
    layers = sum(key.startswith(f"{prefix}to_rgbs.") and key.endswith(".bias") for key in state)
    layers -= sum(key.startswith(f"{prefix}to_rgbs.") and key.endswith("modulation.bias") for key in state)
    mapping = sum(key.startswith(f"{prefix}style.") and key.endswith(".weight") for key in state)
    if not layers or not mapping:
        raise CheckpointError("it holds no StyleGAN2 generator")
    resolution = 4 * 2**layers
    last = state[f"{prefix}convs.{2 * layers - 1}.conv.weight"].shape[1]
    return {
        "resolution": resolution,
        "style_dim": state[f"{prefix}style.1.weight"].shape[0],
        "num_mapping_layers": mapping,
        "channel_base": last * resolution,
        "channel_max": state[f"{prefix}input.input"].shape[1],
    }


def make_generator(state, prefix=""):
    """Returns the untrained `StyleGAN2Generator` that a state dict describes."""
    model = StyleGAN2Generator(**generator_options(state, prefix), name="generator")
    model.build()
    return model


def generator_rows(model, prefix=""):
    """Rows of every weight but the latent average."""
    for i, dense in enumerate(model.mapping.dense):
        yield from dense_rows(dense, f"{prefix}style.{i + 1}")
    network = model.synthesis
    yield Row(f"{prefix}input.input", network.constant, first_image)
    yield from _styled_rows(network.convs[0], f"{prefix}conv1", f"{prefix}noises.noise_0")
    yield from _rgb_rows(network.to_rgbs[0], f"{prefix}to_rgb1")
    for level in range(1, len(network.convs)):
        up, conv, rgb = 2 * level - 2, 2 * level - 1, level - 1
        yield from _styled_rows(network.up_convs[rgb], f"{prefix}convs.{up}", f"{prefix}noises.noise_{2 * level - 1}")
        yield Row(f"{prefix}convs.{up}.conv.blur.kernel", None, low_pass_filter)
        yield from _styled_rows(network.convs[level], f"{prefix}convs.{conv}", f"{prefix}noises.noise_{2 * level}")
        yield from _rgb_rows(network.to_rgbs[level], f"{prefix}to_rgbs.{rgb}")
        yield Row(f"{prefix}to_rgbs.{rgb}.upsample.kernel", None, low_pass_filter)


def make_discriminator(state):
    """Returns the untrained `StyleGAN2Discriminator` that a state dict describes."""
    blocks = sum(key.startswith("convs.") and key.endswith(".skip.1.weight") for key in state)
    if not blocks or "final_linear.0.weight" not in state:
        raise CheckpointError("its d is not a residual StyleGAN2 discriminator")
    resolution = 4 * 2**blocks
    model = StyleGAN2Discriminator(
        resolution=resolution,
        channel_base=state["convs.0.0.weight"].shape[0] * resolution,
        channel_max=state["final_linear.0.weight"].shape[0],
        name="discriminator",
    )
    model.build()
    return model


def discriminator_rows(model):
    """Rows of every weight of `d`."""
    yield from _activated_rows(model.from_rgb, "convs.0.0", "convs.0.1")
    for i, block in enumerate(model.blocks):
        key = f"convs.{i + 1}"
        yield from _activated_rows(block.conv, f"{key}.conv1.0", f"{key}.conv1.1")
        yield from _activated_rows(block.down_conv, f"{key}.conv2.1", f"{key}.conv2.2")
        yield Row(f"{key}.conv2.0.kernel", None, low_pass_filter)
        yield Row(f"{key}.skip.1.weight", block.skip.kernel, conv_kernel)
        yield Row(f"{key}.skip.0.kernel", None, low_pass_filter)
    yield from _activated_rows(model.conv, "final_conv.0", "final_conv.1")
    yield Row("final_linear.0.weight", model.dense.kernel, dense_of_flattened(4, 4))
    yield Row("final_linear.0.bias", model.dense.bias, unchanged)
    yield from dense_rows(model.logit, "final_linear.1")


def _activated_rows(layer, key, activation_key):
    yield Row(f"{key}.weight", layer.kernel, conv_kernel)
    yield Row(f"{activation_key}.bias", layer.bias, unchanged)


def _styled_rows(layer, key, noise_key):
    yield from _modulated_rows(layer.conv, f"{key}.conv")
    yield Row(f"{key}.noise.weight", layer.noise.strength, scalar)
    yield Row(noise_key, layer.noise.noise, first_image)
    yield Row(f"{key}.activate.bias", layer.bias, unchanged)


def _rgb_rows(layer, key):
    yield from _modulated_rows(layer.conv, f"{key}.conv")
    yield Row(f"{key}.bias", layer.bias, flat)


def _modulated_rows(layer, key):
    yield Row(f"{key}.weight", layer.kernel, conv_kernel)
    yield from dense_rows(layer.modulation, f"{key}.modulation")
