"""Layers and Ranger against what the published PyTorch code computed (`tests/data`, see ../shared/oracle)."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from psp_keras import layers
from psp_keras.layers.fir import downsample_2x, upsample_2x
from psp_keras.optimizers import Ranger
from tests.helpers import relative_error
from tests.synthetic_weights import synthetic_state_dict

DATA = Path(__file__).parent / "data"
TOLERANCE = 1e-6


def nhwc(images):
    return np.transpose(images, (0, 2, 3, 1))


def hwio(kernel):
    return np.transpose(kernel, (2, 3, 1, 0))


def weights(name):
    """State dict of a manifest, without the name of the enclosing module."""
    state = synthetic_state_dict(json.loads((DATA / f"{name}.json").read_text()))
    return {key.split(".", 1)[1]: value for key, value in state.items()}


def set_norm(layer, state, prefix):
    for variable, name in (
        (layer.gamma, "weight"),
        (layer.beta, "bias"),
        (layer.moving_mean, "running_mean"),
        (layer.moving_variance, "running_var"),
    ):
        variable.assign(state[f"{prefix}.{name}"])


@pytest.mark.parametrize(
    "name, options",
    [("plain", {}), ("up", {"resample": "up"}), ("down", {"resample": "down"}), ("nodemod", {"demodulate": False})],
)
def test_modulated_conv(name, options):
    golden = np.load(DATA / "modulated_conv.npz")
    layer = layers.ModulatedConv2D(10, 3, **options)
    layer.build((None, 8, 8, 6), (None, 16))
    layer.kernel.assign(hwio(golden["weight"][0]))
    layer.modulation.kernel.assign(golden["mod_weight"].T)
    layer.modulation.bias.assign(golden["mod_bias"])
    assert relative_error(layer(nhwc(golden["x"]), golden["style"]), nhwc(golden[f"{name}_out"])) < TOLERANCE


def test_fir_resampling():
    golden = np.load(DATA / "fir_resample.npz")
    assert relative_error(upsample_2x(nhwc(golden["x"])), nhwc(golden["up"])) < TOLERANCE
    assert relative_error(downsample_2x(nhwc(golden["x"])), nhwc(golden["down"])) < TOLERANCE


def test_equalized_dense():
    golden = np.load(DATA / "equalized_dense.npz")
    layer = layers.EqualizedDense(10, learning_rate_multiplier=0.01, activate=True)
    layer.build((None, 16))
    layer.kernel.assign(golden["weight"].T)
    layer.bias.assign(golden["bias"])
    assert relative_error(layer(golden["x"]), golden["out"]) < TOLERANCE


def test_map2style():
    golden, state = np.load(DATA / "map2style_64_16.npz"), weights("map2style_64_16")
    layer = layers.Map2Style(64)
    layer.build((None, 16, 16, 64))
    for i, conv in enumerate(layer.convs):
        conv.kernel.assign(hwio(state[f"convs.{2 * i}.weight"]))
        conv.bias.assign(state[f"convs.{2 * i}.bias"])
    layer.dense.kernel.assign(state["linear.weight"].T)
    layer.dense.bias.assign(state["linear.bias"])
    assert relative_error(layer(nhwc(golden["x"])), golden["out"]) < TOLERANCE


def test_fpn_upsample_add():
    golden = np.load(DATA / "fpn_upsample_add.npz")
    outputs = layers.BilinearUpsample2D()(nhwc(golden["top"])) + nhwc(golden["lateral"])
    assert relative_error(outputs, nhwc(golden["out"])) < TOLERANCE


@pytest.mark.parametrize("filters", [64, 128])
def test_ir_se_block(filters):
    name = f"ir_se_block_64_{filters}_s2"
    golden, state = np.load(DATA / f"{name}.npz"), weights(name)
    block = layers.IRBlock(filters, strides=2)
    block.build((None, 16, 16, 64))
    norm_in, conv_1, prelu, conv_2, norm_out, gate = block.residual
    set_norm(norm_in, state, "res_layer.0")
    conv_1.kernel.assign(hwio(state["res_layer.1.weight"]))
    prelu.alpha.assign(state["res_layer.2.weight"][None, None])
    conv_2.kernel.assign(hwio(state["res_layer.3.weight"]))
    set_norm(norm_out, state, "res_layer.4")
    gate.squeeze.kernel.assign(state["res_layer.5.fc1.weight"][:, :, 0, 0].T)
    gate.excite.kernel.assign(state["res_layer.5.fc2.weight"][:, :, 0, 0].T)
    if block.shortcut:
        block.shortcut[0].kernel.assign(hwio(state["shortcut_layer.0.weight"]))
        set_norm(block.shortcut[1], state, "shortcut_layer.1")
    assert relative_error(block(nhwc(golden["x"])), nhwc(golden["out"])) < TOLERANCE


@pytest.mark.parametrize("name, weight_decay", [("ranger_default", None), ("ranger_wd", 1e-2)])
def test_ranger(name, weight_decay):
    golden = np.load(DATA / f"{name}.npz")
    to_keras = {"conv": lambda x: np.transpose(x, (2, 3, 1, 0)), "dense": np.transpose, "bias": lambda x: x}

    def draw(seed, key):
        return to_keras[key](np.random.RandomState(seed).randn(*golden[key].shape[1:]).astype("float32"))

    parameters = [keras.Variable(draw(11 + j, key)) for j, key in enumerate(to_keras)]
    optimizer = Ranger(1e-2, weight_decay=weight_decay)
    for step in range(30):
        gradients = [keras.ops.convert_to_tensor(draw(100 + 3 * step + j, key)) for j, key in enumerate(to_keras)]
        optimizer.apply(gradients, parameters)
        for key, parameter in zip(to_keras, parameters):
            assert relative_error(parameter, to_keras[key](golden[key][step])) < TOLERANCE, (step, key)
