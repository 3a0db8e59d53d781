"""What the parity tests share: goldens, rebuilt checkpoints, and the table that `make parity` prints."""

import json
import zlib
from pathlib import Path

import numpy as np

from tests.helpers import relative_error
from tests.synthetic_weights import synthetic_state_dict
from weights_conversion.convert import convert_content

DATA = Path(__file__).parent / "data"
LAYER, NETWORK, FULL_SIZE = 1e-6, 1e-5, 1e-4
# (what, measured, target) of every comparison in this session.
TABLE = []


def check(what, actual, expected, target):
    """Asserts `||actual - expected|| / ||expected|| < target` and notes the figure for the table."""
    check_figure(what, relative_error(actual, expected), target)


def check_cosine(what, loss, expected, target):
    """As `check`, of the cosine in `1 - cosine`, which is a small difference of near-equal numbers."""
    check(what, 1 - np.asarray(loss, "float64"), 1 - np.asarray(expected, "float64"), target)


def check_figure(what, measured, target):
    TABLE.append((what, float(measured), target))
    assert measured < target, f"{what}: {measured:.2g}, the target is {target:.0e}"


def state_of(name):
    return synthetic_state_dict(json.loads((DATA / "manifests" / f"{name}.json").read_text()))


def golden_of(name):
    return np.load(DATA / f"{name}.npz")


def nhwc(images):
    return np.transpose(images, (0, 2, 3, 1))


def pooled(images, factor):
    images = np.asarray(images)
    size = images.shape[1] // factor
    return images.reshape(-1, size, factor, size, factor, 3).mean(axis=(2, 4))


def converted_psp(name, kind="GradualStyleEncoder"):
    state = state_of(name)
    average = state.pop("latent_avg")
    return convert_content({"state_dict": state, "opts": {"encoder_type": kind}, "latent_avg": average})


def converted_generator(name):
    return convert_content({"g_ema": state_of(name)}, num_samples=1)  # the references draw without the average


def stylegan1_tensor(key, shape):
    """The rule of the weights of the original StyleGAN's goldens, see ../shared/oracle."""
    if key.endswith("lod"):
        return np.zeros(shape, "float32")
    if key.endswith("kernel"):
        return np.broadcast_to(np.outer([1, 2, 1], [1, 2, 1]) / 16, shape).astype("float32")
    rules = [
        ("mapping", "weight", 100),
        ("mapping", "bias", 10),
        ("", "bias", 0.1),
        ("", "apply_noise.weight", 0.1),
        ("", "w_avg", 0.5),
        ("", "", 1),
    ]
    scale = next(scale for start, end, scale in rules if key.startswith(start) and key.endswith(end))
    return (scale * np.random.RandomState(zlib.crc32(key.encode())).randn(*shape)).astype("float32")


def converted_stylegan1(name):
    manifest = json.loads((DATA / "manifests" / f"{name}.json").read_text())
    return convert_content({key: stylegan1_tensor(key, shape) for key, shape in manifest.items()})


def converted_arcface(name):
    return convert_content(state_of(name))


def converted_lpips(name):
    state = {key.split(".", 1)[1]: value for key, value in state_of(f"lpips_{name}").items()}
    heads = {key: state.pop(key) for key in list(state) if key.startswith("lin")}
    return convert_content(state, heads)


def converted_moco():
    return convert_content({"state_dict": state_of("moco_v2_resnet50")})
