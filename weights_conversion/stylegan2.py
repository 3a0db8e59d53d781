"""`stylegan2-ffhq-config-f.pt` (its `g_ema`), and the decoder inside pSp checkpoints."""

from psp_keras.models.stylegan2_generator import StyleGAN2Generator
from weights_conversion.rows import Row, dense_rows, flat, hwc, hwio, low_pass_filter, scalar, unchanged
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
    yield Row(f"{prefix}input.input", network.constant, hwc)
    yield from _styled_rows(network.convs[0], f"{prefix}conv1", f"{prefix}noises.noise_0")
    yield from _rgb_rows(network.to_rgbs[0], f"{prefix}to_rgb1")
    for level in range(1, len(network.convs)):
        up, conv, rgb = 2 * level - 2, 2 * level - 1, level - 1
        yield from _styled_rows(network.up_convs[rgb], f"{prefix}convs.{up}", f"{prefix}noises.noise_{2 * level - 1}")
        yield Row(f"{prefix}convs.{up}.conv.blur.kernel", None, low_pass_filter)
        yield from _styled_rows(network.convs[level], f"{prefix}convs.{conv}", f"{prefix}noises.noise_{2 * level}")
        yield from _rgb_rows(network.to_rgbs[level], f"{prefix}to_rgbs.{rgb}")
        yield Row(f"{prefix}to_rgbs.{rgb}.upsample.kernel", None, low_pass_filter)


def _styled_rows(layer, key, noise_key):
    yield from _modulated_rows(layer.conv, f"{key}.conv")
    yield Row(f"{key}.noise.weight", layer.noise.strength, scalar)
    yield Row(noise_key, layer.noise.noise, hwc)
    yield Row(f"{key}.activate.bias", layer.bias, unchanged)


def _rgb_rows(layer, key):
    yield from _modulated_rows(layer.conv, f"{key}.conv")
    yield Row(f"{key}.bias", layer.bias, flat)


def _modulated_rows(layer, key):
    yield Row(f"{key}.weight", layer.kernel, hwio)
    yield from dense_rows(layer.modulation, f"{key}.modulation")
