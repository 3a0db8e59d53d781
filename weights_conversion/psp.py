"""The pSp checkpoints, `psp_ffhq_encode.pt` and its siblings for every task, and those of e4e, ReStyle and SAM."""

import dataclasses

import numpy as np

from psp_keras.models.encoder4editing import Encoder4Editing
from psp_keras.models.encoder_into_w import EncoderIntoW
from psp_keras.models.encoder_into_w_plus import EncoderIntoWPlus
from psp_keras.models.gradual_style_encoder import GradualStyleEncoder
from psp_keras.models.psp import PSP
from psp_keras.models.restyle_encoder import ReStyleEncoder
from psp_keras.models.sam_encoder import SAMEncoder
from psp_keras.tasks.registry import get_task
from weights_conversion.ir_networks import backbone_options, backbone_rows
from weights_conversion.resnet import is_resnet, resnet_options, resnet_rows
from weights_conversion.rows import Row, batch_norm_rows, conv_rows, dense_of_flattened, dense_rows, unchanged
from weights_conversion.stylegan2 import generator_rows, make_generator
from weights_conversion.torch_reader import CheckpointError

# `encoder_type` in the options of the published code.
ENCODERS = {
    "GradualStyleEncoder": GradualStyleEncoder,
    "BackboneEncoderUsingLastLayerIntoW": EncoderIntoW,
    "BackboneEncoderUsingLastLayerIntoWPlus": EncoderIntoWPlus,
    "SingleStyleCodeEncoder": EncoderIntoW,
    "Encoder4Editing": Encoder4Editing,
    "BackboneEncoder": ReStyleEncoder,
    "ResNetBackboneEncoder": ReStyleEncoder,
    "ProgressiveBackboneEncoder": ReStyleEncoder,
    "ResNetProgressiveBackboneEncoder": ReStyleEncoder,
}
# The encoders of later papers, which name a file; the others are pSp's.
_PAPERS = {
    "SingleStyleCodeEncoder": "e4e",
    "Encoder4Editing": "e4e",
    **{kind: "ReStyle" for kind, encoder in ENCODERS.items() if encoder is ReStyleEncoder},
}
PAPERS = ("pSp", "e4e", "ReStyle", "SAM")
# What the keys of SAM's frozen encoder start with.
_FROZEN = "pretrained_encoder."
# `dataset_type` in the options.
TASKS = {
    "ffhq_encode": "inversion",
    "ffhq_frontalize": "frontalization",
    "celebs_sketch_to_face": "sketch_to_face",
    "celebs_seg_to_face": "segmentation_to_face",
    "celebs_super_resolution": "super_resolution",
}


def paper_of(state, options):
    """Returns which of `PAPERS` a file belongs to."""
    if any(key.startswith(_FROZEN) for key in state):
        return "SAM"
    return _PAPERS.get(str(options.get("encoder_type")), "pSp")


def options_of(content):
    """Returns the options in a checkpoint as a dictionary."""
    options = content.get("opts", {})
    return options if isinstance(options, dict) else getattr(options, "__dict__", {})


def make_psp(state, options):
    """Returns the untrained `PSP` that a state dict and its options describe.

    Args:
        state: key to tensor, with the prefixes `encoder.` and `decoder.`.
        options: what the published code stored as `opts`. Older files lack the output size, which the decoder's
            layers say as well, and `learn_in_w`, which was false then. e4e calls it the size of its StyleGAN.
    """
    generator = make_generator(state, "decoder.")
    resolution = options.get("output_size", options.get("stylegan_size", generator.resolution))
    if resolution != generator.resolution:
        raise CheckpointError(f"its options say {resolution} pixels, but its decoder draws {generator.resolution}")
    if str(options.get("dataset_type")).startswith("cars"):
        raise CheckpointError("it was trained for pictures of 192x256 pixels, and encoders here see square ones")
    kind = options.get("encoder_type", "GradualStyleEncoder")
    if kind not in ENCODERS:
        raise CheckpointError(f"its encoder is a {kind}, which is none of {', '.join(ENCODERS)}")
    encoder = SAMEncoder if paper_of(state, options) == "SAM" else ENCODERS[kind]
    if options.get("dataset_type") == "ffhq_aging" and encoder is not SAMEncoder:
        raise CheckpointError(f"it was trained for ages, but holds no {_FROZEN}*")
    if options.get("learn_in_w", False) and encoder is not EncoderIntoW:
        raise CheckpointError(f"its options say learn_in_w, but its encoder is a {kind}, which predicts W+")
    settings = {
        "style_dim": generator.style_dim,
        "in_channels": _input_channels(state) - encoder.extra_channels,
        **(resnet_options if is_resnet(state, "encoder.") else backbone_options)(state, "encoder."),
        "name": "encoder",
    }
    if encoder is not EncoderIntoW:
        settings["num_styles"] = generator.num_styles
    if issubclass(encoder, (GradualStyleEncoder, ReStyleEncoder)):
        settings["style_filters"] = state["encoder.styles.0.convs.0.weight"].shape[0]
    start = options.get("start_from_latent_avg", True)
    if encoder is ReStyleEncoder:
        settings["progressive"] = "Progressive" in kind
    if encoder in (ReStyleEncoder, SAMEncoder):
        start = True  # their published code adds it whatever the options say
    task = make_task(options, settings["in_channels"])
    return PSP(encoder(**settings), generator, start_from_latent_average=start, task=task, name="psp")


def _input_channels(state):
    first = "encoder.conv1.weight" if is_resnet(state, "encoder.") else "encoder.input_layer.0.weight"
    return state[first].shape[1]


def make_task(options, in_channels):
    """Returns the configuration of the task that a file was trained for, by its options or else its input."""
    by_input = {1: "sketch_to_face", 3: "inversion"}.get(in_channels, "segmentation_to_face")
    task = get_task(TASKS.get(options.get("dataset_type"), by_input))
    if task.source == "segmentation":
        task = dataclasses.replace(task, num_classes=in_channels)
    return task.get_config()


def psp_rows(model):
    """Rows of every weight but the latent averages."""
    encoder = model.encoder
    rows = resnet_rows if encoder.backbone_kind == "resnet" else backbone_rows
    yield from rows(encoder.backbone, "encoder.")
    if isinstance(encoder, SAMEncoder):
        yield from backbone_rows(encoder.pretrained.backbone, _FROZEN)
        yield from _pyramid_rows(encoder.pretrained, _FROZEN)
    if isinstance(encoder, GradualStyleEncoder):
        yield from _pyramid_rows(encoder)
    elif isinstance(encoder, ReStyleEncoder):
        yield from _style_rows(encoder)
    elif isinstance(encoder, EncoderIntoW):
        yield from dense_rows(encoder.dense, "encoder.linear")
    else:
        yield from batch_norm_rows(encoder.norm, "encoder.output_layer_2.0")
        yield Row("encoder.output_layer_2.3.weight", encoder.hidden.kernel, dense_of_flattened(7, 7))
        yield Row("encoder.output_layer_2.3.bias", encoder.hidden.bias, unchanged)
        yield from dense_rows(encoder.dense, "encoder.linear")
    yield from generator_rows(model.generator, "decoder.")


def _pyramid_rows(encoder, prefix="encoder."):
    for i, lateral in enumerate(encoder.laterals):
        yield from conv_rows(lateral, f"{prefix}latlayer{i + 1}")
    yield from _style_rows(encoder, prefix)


def _style_rows(encoder, prefix="encoder."):
    for i, style in enumerate(encoder.styles):
        yield from style_rows(style, f"{prefix}styles.{i}.")


def style_rows(style, prefix=""):
    """Rows of a `Map2Style`."""
    for i, conv in enumerate(style.convs):
        yield from conv_rows(conv, f"{prefix}convs.{2 * i}")
    yield from dense_rows(style.dense, f"{prefix}linear")


def set_latent_average(model, average, num_samples=4096, seed=0):
    """Fills the latent averages of a `PSP` from the file, or from the mapping network where the file has none."""
    if average is None:
        model.generator.estimate_latent_average(num_samples, seed)
        average = model.generator.latent_average
    else:
        average = np.asarray(average.read() if hasattr(average, "read") else average)
        model.generator.latent_average.assign(average.reshape(-1, average.shape[-1])[0])
    model.latent_average.assign(np.broadcast_to(np.asarray(average), model.latent_average.shape))
