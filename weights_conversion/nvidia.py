"""NVIDIA's `.pkl` networks: the StyleGAN2 generators and discriminators of stylegan2-ada-pytorch and stylegan3."""

from psp_keras.models.stylegan2_discriminator import StyleGAN2Discriminator
from psp_keras.models.stylegan2_generator import StyleGAN2Generator
from weights_conversion.rows import (
    Row,
    conv_kernel,
    conv_rows,
    dense_of_flattened,
    dense_rows,
    low_pass_filter,
    unchanged,
)
from weights_conversion.torch_reader import CheckpointError


def image(x):
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
    _refuse_classes(module)
    state = module.state_dict()
    sizes = sorted(int(key.split(".")[1][1:]) for key in state if key.startswith("synthesis.b") and "torgb.bias" in key)
    if not sizes or "mapping.fc0.weight" not in state:
        raise CheckpointError("its generator is not a StyleGAN2 generator with skip outputs")
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


def make_nvidia_discriminator(module):
    """Returns the untrained `StyleGAN2Discriminator` that a pickled `D` describes.

    Raises:
        CheckpointError: it is class-conditional, not residual, or has another minibatch statistic.
    """
    _refuse_classes(module)
    state = module.state_dict()
    sizes = sorted(int(key.split(".")[0][1:]) for key in state if key.endswith(".skip.weight"))
    if not sizes or f"b{sizes[-1]}.fromrgb.weight" not in state or "b4.fc.weight" not in state:
        raise CheckpointError("its discriminator is not a residual StyleGAN2 discriminator")
    statistic = module["_modules"]["b4"]["_modules"].get("mbstd", {})
    if statistic.get("num_channels") != 1 or not isinstance(statistic.get("group_size"), int):
        raise CheckpointError("its discriminator's minibatch statistic is not one channel of groups of fixed size")
    resolution = sizes[-1]
    model = StyleGAN2Discriminator(
        resolution=resolution,
        channel_base=state[f"b{resolution}.fromrgb.weight"].shape[0] * resolution,
        channel_max=state["b4.fc.weight"].shape[0],
        group_size=statistic["group_size"],
        name="discriminator",
    )
    model.build()
    return model


def _refuse_classes(module):
    if module.get("c_dim"):
        raise CheckpointError(f"it is class-conditional ({module['c_dim']} classes), which pSp cannot use")


def nvidia_discriminator_rows(model):
    """Rows of every weight of `D`."""
    yield from _filtered_rows(model.from_rgb, f"b{model.resolution}.fromrgb")
    for level, block in enumerate(model.blocks):
        key = f"b{model.resolution // 2**level}"
        yield Row(f"{key}.resample_filter", None, low_pass_filter)
        yield from _filtered_rows(block.conv, f"{key}.conv0")
        yield from _filtered_rows(block.down_conv, f"{key}.conv1")
        yield Row(f"{key}.skip.weight", block.skip.kernel, conv_kernel)
        yield Row(f"{key}.skip.resample_filter", None, low_pass_filter)
    yield from _filtered_rows(model.conv, "b4.conv")
    yield Row("b4.fc.weight", model.dense.kernel, dense_of_flattened(4, 4))
    yield Row("b4.fc.bias", model.dense.bias, unchanged)
    yield from dense_rows(model.logit, "b4.out")


def _filtered_rows(layer, key):
    yield from conv_rows(layer, key)
    yield Row(f"{key}.resample_filter", None, low_pass_filter)


def nvidia_rows(model):
    """Rows of every weight of `G_ema` or `G`."""
    yield Row("mapping.w_avg", model.latent_average, unchanged)
    for i, dense in enumerate(model.mapping.dense):
        yield from dense_rows(dense, f"mapping.fc{i}")
    network = model.synthesis
    yield Row("synthesis.b4.const", network.constant, image)
    for level in range(len(network.convs)):
        key = f"synthesis.b{4 * 2**level}"
        yield Row(f"{key}.resample_filter", None, low_pass_filter)
        if level:
            yield from _styled_rows(network.up_convs[level - 1], f"{key}.conv0")
        yield from _styled_rows(network.convs[level], f"{key}.conv1")
        rgb = network.to_rgbs[level]
        yield from dense_rows(rgb.conv.modulation, f"{key}.torgb.affine")
        yield Row(f"{key}.torgb.weight", rgb.conv.kernel, conv_kernel)
        yield Row(f"{key}.torgb.bias", rgb.bias, unchanged)


def _styled_rows(layer, key):
    yield from dense_rows(layer.conv.modulation, f"{key}.affine")
    yield Row(f"{key}.weight", layer.conv.kernel, conv_kernel)
    yield Row(f"{key}.bias", layer.bias, unchanged)
    yield Row(f"{key}.noise_const", layer.noise.noise, one_channel)
    yield Row(f"{key}.noise_strength", layer.noise.strength, unchanged)
    yield Row(f"{key}.resample_filter", None, low_pass_filter)
