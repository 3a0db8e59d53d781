"""What the parity tests share: goldens, rebuilt checkpoints, and the table that `make parity` prints."""

import json
from pathlib import Path

import numpy as np

from tests.helpers import relative_error
from tests.synthetic_weights import synthetic_state_dict
from weights_conversion.ir_networks import arcface_rows, make_arcface
from weights_conversion.lpips import make_perceptual_network, perceptual_rows
from weights_conversion.moco import make_moco, moco_rows, moco_state
from weights_conversion.psp import make_psp, psp_rows, set_latent_average
from weights_conversion.rows import apply_rows
from weights_conversion.stylegan2 import generator_rows, make_generator

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
    model = make_psp(state, {"encoder_type": kind})
    apply_rows(model, psp_rows(model), state, given=[model.latent_average, model.generator.latent_average])
    set_latent_average(model, average)
    return model


def converted_generator(name):
    state = state_of(name)
    model = make_generator(state)
    apply_rows(model, generator_rows(model), state, given=[model.latent_average])
    return model


def converted_arcface(name):
    state = state_of(name)
    model = make_arcface(state)
    apply_rows(model, arcface_rows(model), state)
    return model


def converted_lpips(name):
    state = {key.split(".", 1)[1]: value for key, value in state_of(f"lpips_{name}").items()}
    model = make_perceptual_network(state)
    apply_rows(model, perceptual_rows(model, state), state)
    return model


def converted_moco():
    model = make_moco()
    apply_rows(model, moco_rows(model), moco_state(state_of("moco_v2_resnet50")))
    return model
