"""NVIDIA's `.pkl` networks: the StyleGAN2 generators of stylegan2-ada-pytorch and stylegan3."""

from psp_keras.models.stylegan2_generator import StyleGAN2Generator
from weights_conversion.rows import Row, dense_rows, hwio, low_pass_filter, unchanged
from weights_conversion.torch_reader import CheckpointError


def chw(x):
    """The constant input, (C, H, W) to (H, W, C)."""
    return x.transpose(1, 2, 0)


def one_channel(x):
    """A noise image, (H, W) to (H, W, 1)."""
    return x[..., None]


def make_nvidia_generator(module):
    """Returns the untrained `StyleGAN2Generator` that a pickled `G_ema` describes.

    Raises:
        CheckpointError: it is class-conditional, or no StyleGAN2.
    """
    if module.get("c_dim"):
        raise CheckpointError(f"it is class-conditional ({module['c_dim']} classes), which pSp cannot use")
    state = module.state_dict()
    sizes = sorted(int(key.split(".")[1][1:]) for key in state if key.startswith("synthesis.b") and "torgb.bias" in key)
    if not sizes or "mapping.fc0.weight" not in state:
        raise CheckpointError("its G_ema is not a StyleGAN2 generator with skip outputs")
    resolution = sizes[-1]
    last = state[f"synthesis.b{resolution}.conv1.weight"].shape[0]
    model = StyleGAN2Generator(
        resolution=resolution,
        style_dim=state["mapping.fc0.weight"].shape[1],
        num_mapping_layers=sum(key.startswith("mapping.fc") and key.endswith("weight") for key in state),
        channel_base=last * resolution,
        channel_max=state["synthesis.b4.const"].shape[0],
        name="generator",
    )
    model.build()
    return model


def nvidia_rows(model):
    """Rows of every weight of `G_ema`."""
    yield Row("mapping.w_avg", model.latent_average, unchanged)
    for i, dense in enumerate(model.mapping.dense):
        yield from dense_rows(dense, f"mapping.fc{i}")
    network = model.synthesis
    yield Row("synthesis.b4.const", network.constant, chw)
    for level in range(len(network.convs)):
        key = f"synthesis.b{4 * 2**level}"
        yield Row(f"{key}.resample_filter", None, low_pass_filter)
        if level:
            yield from _styled_rows(network.up_convs[level - 1], f"{key}.conv0")
        yield from _styled_rows(network.convs[level], f"{key}.conv1")
        rgb = network.to_rgbs[level]
        yield from dense_rows(rgb.conv.modulation, f"{key}.torgb.affine")
        yield Row(f"{key}.torgb.weight", rgb.conv.kernel, hwio)
        yield Row(f"{key}.torgb.bias", rgb.bias, unchanged)


def _styled_rows(layer, key):
    yield from dense_rows(layer.conv.modulation, f"{key}.affine")
    yield Row(f"{key}.weight", layer.conv.kernel, hwio)
    yield Row(f"{key}.bias", layer.bias, unchanged)
    yield Row(f"{key}.noise_const", layer.noise.noise, one_channel)
    yield Row(f"{key}.noise_strength", layer.noise.strength, unchanged)
    yield Row(f"{key}.resample_filter", None, low_pass_filter)
