"""Recognises a checkpoint and turns it into a preset."""

from weights_conversion.ir_networks import arcface_rows, make_arcface
from weights_conversion.lpips import lpips_state, make_perceptual_network, perceptual_rows
from weights_conversion.moco import PREFIX, make_moco, moco_rows, moco_state
from weights_conversion.nvidia import make_nvidia_generator, nvidia_rows
from weights_conversion.psp import make_psp, psp_rows, set_latent_average
from weights_conversion.rows import apply_rows
from weights_conversion.stylegan2 import generator_rows, make_generator
from weights_conversion.torch_reader import CheckpointError, Module, Tensor, read_checkpoint


def convert(path, heads=None, num_samples=4096, seed=0):
    """Converts a published PyTorch checkpoint.

    Args:
        path: the checkpoint: pSp, StyleGAN2 (`g_ema`, or NVIDIA's `.pkl`), `model_ir_se50`, CurricularFace, MoCo v2, or
            torchvision's VGG16 or AlexNet.
        heads: LPIPS's `vgg.pth` or `alex.pth`, which turns VGG16 or AlexNet into LPIPS.
        num_samples: random z to estimate the average latent with, where the file lacks it.
        seed: of those.

    Returns:
        The Keras model: `PSP`, `StyleGAN2Generator`, `ArcFace`, `MoCo` or `PerceptualNetwork`.

    Raises:
        CheckpointError: the file cannot be read, is none of these, or does not fit to the last tensor.
    """
    content = read_checkpoint(path)
    kind = recognise(content)
    if kind is None:
        raise CheckpointError(f"{path} holds none of the published models; --describe shows what is in it.")
    try:
        return _CONVERTERS[kind](content, heads, num_samples, seed)
    except CheckpointError as error:
        raise CheckpointError(f"{path} ({kind}): {error}.") from error


def recognise(content):
    """Returns the name of the published model that a checkpoint holds, or `None`."""
    if not isinstance(content, dict):
        return None
    if isinstance(content.get("G_ema"), Module):
        return "NVIDIA StyleGAN2"
    state = content.get("state_dict", content)
    if any(key.startswith("encoder.") for key in state) and any(key.startswith("decoder.") for key in state):
        return "pSp"
    if any(key.startswith(PREFIX) for key in state):
        return "MoCo"
    if "g_ema" in content:
        return "StyleGAN2"
    if "output_layer.3.weight" in content:
        return "ArcFace"
    if "features.0.weight" in content:
        return "LPIPS features"
    return None


def describe(path):
    """Returns lines that say what is in a checkpoint."""
    content = read_checkpoint(path)
    return [f"{path}: {recognise(content) or 'no known model'}", *_lines("", content)]


def _lines(prefix, value):
    if isinstance(value, Tensor):
        yield f"{prefix}  {value.dtype} {'x'.join(map(str, value.shape)) or 'scalar'}"
    elif isinstance(value, dict) or hasattr(value, "__dict__"):
        for key, item in (value if isinstance(value, dict) else vars(value)).items():
            yield from _lines(f"{prefix}.{key}" if prefix else str(key), item)
    else:
        yield f"{prefix} = {value!r}"


def _convert_psp(content, heads, num_samples, seed):
    options = content.get("opts", {})
    options = options if isinstance(options, dict) else vars(options)
    model = make_psp(content["state_dict"], options)
    given = [model.latent_average, model.generator.latent_average]
    apply_rows(model, psp_rows(model), content["state_dict"], given)
    set_latent_average(model, content.get("latent_avg"), num_samples, seed)
    return model


def _convert_stylegan2(content, heads, num_samples, seed):
    model = make_generator(content["g_ema"])
    apply_rows(model, generator_rows(model), content["g_ema"], [model.latent_average])
    if "latent_avg" in content:
        model.latent_average.assign(content["latent_avg"].read().reshape(-1))
    else:
        model.estimate_latent_average(num_samples, seed)
    return model


def _convert_nvidia(content, heads, num_samples, seed):
    model = make_nvidia_generator(content["G_ema"])
    apply_rows(model, nvidia_rows(model), content["G_ema"].state_dict())
    return model


def _convert_arcface(content, heads, num_samples, seed):
    model = make_arcface(content)
    apply_rows(model, arcface_rows(model), content)
    return model


def _convert_moco(content, heads, num_samples, seed):
    model = make_moco()
    apply_rows(model, moco_rows(model), moco_state(content["state_dict"]))
    return model


def _convert_lpips(content, heads, num_samples, seed):
    if heads is None:
        raise CheckpointError("LPIPS needs a second file, its vgg.pth or alex.pth: give it with --heads")
    model = make_perceptual_network(content)
    state = lpips_state(content, read_checkpoint(heads))
    apply_rows(model, perceptual_rows(model, state), state)
    return model


_CONVERTERS = {
    "pSp": _convert_psp,
    "StyleGAN2": _convert_stylegan2,
    "NVIDIA StyleGAN2": _convert_nvidia,
    "ArcFace": _convert_arcface,
    "MoCo": _convert_moco,
    "LPIPS features": _convert_lpips,
}
