"""Recognises a checkpoint and turns it into a preset."""

import contextlib

from psp_keras.models.preset import PresetModel
from psp_keras.models.stylegan2_discriminator import StyleGAN2Discriminator
from psp_keras.models.stylegan2_generator import StyleGAN2Generator
from psp_keras.typing import PathLike
from weights_conversion.ir_networks import arcface_rows, make_arcface
from weights_conversion.lpips import lpips_state, make_perceptual_network, perceptual_rows
from weights_conversion.moco import PREFIX, make_moco, moco_rows, moco_state
from weights_conversion.nvidia import (
    make_nvidia_discriminator,
    make_nvidia_generator,
    nvidia_discriminator_rows,
    nvidia_rows,
)
from weights_conversion.psp import PAPERS, make_psp, options_of, paper_of, psp_rows, set_latent_average
from weights_conversion.rows import apply_rows
from weights_conversion.styleflow import FIELD, make_styleflow, styleflow_rows
from weights_conversion.stylegan1 import make_stylegan1, stylegan1_part, stylegan1_rows, stylegan1_state
from weights_conversion.stylegan2 import discriminator_rows, generator_rows, make_discriminator, make_generator
from weights_conversion.torch_reader import CheckpointError, Module, Tensor, read_checkpoint

# Key of every part in the files that hold both.
_PART_KEYS = {
    "StyleGAN2": {"generator": "g_ema", "discriminator": "d"},
    "NVIDIA StyleGAN2": {"generator": "G_ema", "discriminator": "D"},
}


def convert(
    path: PathLike, heads: PathLike | None = None, num_samples: int = 4096, seed: int = 0, part: str = "generator"
) -> PresetModel:
    """Converts a published PyTorch checkpoint.

    Args:
        path: the checkpoint: pSp, e4e, ReStyle, SAM, StyleGAN2 (`g_ema`, or NVIDIA's `.pkl`), `model_ir_se50`,
            CurricularFace, MoCo v2, StyleFlow, the original StyleGAN as genforce writes it, or torchvision's VGG16 or
            AlexNet.
        heads: LPIPS's `vgg.pth` or `alex.pth`, which turns VGG16 or AlexNet into LPIPS.
        num_samples: random z to estimate the average latent with, where the file lacks it.
        seed: of those.
        part: `"generator"` or `"discriminator"`, where a file holds both.

    Returns:
        The Keras model: `PSP`, `StyleGAN1Generator`, `StyleGAN2Generator`, `StyleGAN2Discriminator`, `ArcFace`,
        `MoCo`, `StyleFlow` or `PerceptualNetwork`.

    Raises:
        CheckpointError: the file cannot be read, is none of these, or does not fit to the last tensor.
    """
    content, kind = _read_known(path)
    with _explained(path, kind):
        return convert_content(content, heads and read_checkpoint(heads), num_samples, seed, part)


def convert_content(content, heads=None, num_samples=4096, seed=0, part="generator"):
    """Does what `convert` does to checkpoints that are read already: dictionaries of `Tensor`s or NumPy arrays."""
    kind = recognise(content)
    if part == "discriminator":
        return _discriminator(content, kind)
    return _CONVERTERS[kind](content, heads, num_samples, seed)


def convert_gan(path: PathLike) -> tuple[StyleGAN2Generator, StyleGAN2Generator, StyleGAN2Discriminator | None]:
    """Converts what a training of StyleGAN2 goes on from.

    Args:
        path: a checkpoint of StyleGAN2's training, or NVIDIA's `.pkl`.

    Returns:
        `(generator, average, discriminator)`: the generator that the discriminator judged, its moving average, and
        the discriminator. Without one of the first two in the file they are the same model; the discriminator may be
        `None`.

    Raises:
        CheckpointError: as `convert` does, or it is another model.
    """
    content, kind = _read_known(path)
    with _explained(path, kind):
        if kind not in _PART_KEYS:
            raise CheckpointError("it is no StyleGAN2")
        average = _CONVERTERS[kind](content, None, 4096, 0)
        live = _PART_KEYS[kind]["generator"].removesuffix("_ema")
        generator = _GENERATORS[kind](content[live]) if live in content else average
        discriminator = _discriminator(content, kind) if "discriminator" in parts_of(content, kind) else None
    return generator, average, discriminator


def _read_known(path):
    content = read_checkpoint(path)
    kind = recognise(content)
    if kind is None:
        raise CheckpointError(f"{path} holds none of the published models; `describe` shows what is in it.")
    return content, kind


@contextlib.contextmanager
def _explained(path, kind):
    """Names the file in what is wrong with it."""
    try:
        yield
    except CheckpointError as error:
        raise CheckpointError(f"{path} ({kind}): {error}.") from error
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise CheckpointError(f"{path} ({kind}) is not laid out as this model is: {error!r}.") from error


def recognise(content: dict) -> str | None:
    """Returns the name of the published model that a checkpoint holds, or `None`."""
    if not isinstance(content, dict):
        return None
    if any(isinstance(content.get(key), Module) for key in ("G_ema", "D")):
        return "NVIDIA StyleGAN2"
    state = content.get("state_dict", content)
    if not isinstance(state, dict) or not all(isinstance(key, str) for key in state):
        return None
    if any(key.startswith("encoder.") for key in state) and any(key.startswith("decoder.") for key in state):
        return paper_of(state, options_of(content))
    if any(key.startswith(PREFIX) for key in state):
        return "MoCo"
    if any(isinstance(content.get(key), dict) for key in ("g_ema", "d")):
        return "StyleGAN2"
    if stylegan1_part(content) is not None:
        return "StyleGAN"
    if "output_layer.3.weight" in content:
        return "ArcFace"
    if f"{FIELD}0._layer.weight" in content:
        return "StyleFlow"
    if "features.0.weight" in content:
        return "LPIPS features"
    return None


def describe(path: PathLike) -> list[str]:
    """Returns lines that say what is in a checkpoint.

    Raises:
        CheckpointError: the file cannot be read.
    """
    content = read_checkpoint(path)
    kind = recognise(content)
    parts = " and ".join(parts_of(content, kind))
    return [f"{path}: {kind or 'no known model'}{parts and f', {parts}'}", *_lines("", content)]


def parts_of(content, kind):
    """Returns which parts a file of some kind holds."""
    if kind == "StyleGAN":
        return [part] if (part := stylegan1_part(content)) else []
    return [part for part, key in _PART_KEYS.get(kind, {}).items() if key in content]


def _lines(prefix, value):
    if isinstance(value, Tensor):
        yield f"{prefix}  {value.dtype} {'x'.join(map(str, value.shape)) or 'scalar'}"
    elif isinstance(value, dict) or hasattr(value, "__dict__"):
        for key, item in (value if isinstance(value, dict) else vars(value)).items():
            yield from _lines(f"{prefix}.{key}" if prefix else str(key), item)
    else:
        yield f"{prefix} = {value!r}"


def _convert_psp(content, heads, num_samples, seed):
    model = make_psp(content["state_dict"], options_of(content))
    given = [model.latent_average, model.generator.latent_average]
    given += [] if model.encoder.stage is None else [model.encoder.stage]
    apply_rows(model, psp_rows(model), content["state_dict"], given)
    set_latent_average(model, content.get("latent_avg"), num_samples, seed)
    return model


def _convert_stylegan2(content, heads, num_samples, seed):
    model = _stylegan2_generator(_part(content, "StyleGAN2", "generator"))
    if "latent_avg" in content:
        model.latent_average.assign(content["latent_avg"].read().reshape(-1))
    else:
        model.estimate_latent_average(num_samples, seed)
    return model


def _convert_stylegan1(content, heads, num_samples, seed):
    state = stylegan1_state(content)
    model = make_stylegan1(state)
    apply_rows(model, stylegan1_rows(model), state)
    return model


def _convert_nvidia(content, heads, num_samples, seed):
    return _nvidia_generator(_part(content, "NVIDIA StyleGAN2", "generator"))


def _stylegan2_generator(state):
    model = make_generator(state)
    apply_rows(model, generator_rows(model), state, [model.latent_average])
    return model


def _nvidia_generator(module):
    model = make_nvidia_generator(module)
    apply_rows(model, nvidia_rows(model), module.state_dict())
    return model


def _discriminator(content, kind):
    if kind not in _PART_KEYS:
        raise CheckpointError("it holds no discriminator that psp_keras knows")
    part = _part(content, kind, "discriminator")
    if kind == "StyleGAN2":
        model = make_discriminator(part)
        apply_rows(model, discriminator_rows(model), part)
    else:
        model = make_nvidia_discriminator(part)
        apply_rows(model, nvidia_discriminator_rows(model), part.state_dict())
    return model


def _part(content, kind, part):
    key = _PART_KEYS[kind][part]
    if key not in content:
        raise CheckpointError(f"it holds no {part} ({key})")
    return content[key]


def _convert_arcface(content, heads, num_samples, seed):
    model = make_arcface(content)
    apply_rows(model, arcface_rows(model), content)
    return model


def _convert_moco(content, heads, num_samples, seed):
    model = make_moco()
    apply_rows(model, moco_rows(model), moco_state(content["state_dict"]))
    return model


def _convert_styleflow(content, heads, num_samples, seed):
    model = make_styleflow(content)
    apply_rows(model, styleflow_rows(model), content)
    return model


def _convert_lpips(content, heads, num_samples, seed):
    if heads is None:
        raise CheckpointError("LPIPS needs a second file, its vgg.pth or alex.pth: give it as `heads`")
    model = make_perceptual_network(content)
    state = lpips_state(content, heads)
    apply_rows(model, perceptual_rows(model, state), state)
    return model


_GENERATORS = {"StyleGAN2": _stylegan2_generator, "NVIDIA StyleGAN2": _nvidia_generator}
_CONVERTERS = {
    **dict.fromkeys(PAPERS, _convert_psp),
    "StyleGAN2": _convert_stylegan2,
    "NVIDIA StyleGAN2": _convert_nvidia,
    "StyleGAN": _convert_stylegan1,
    "ArcFace": _convert_arcface,
    "MoCo": _convert_moco,
    "StyleFlow": _convert_styleflow,
    "LPIPS features": _convert_lpips,
}
