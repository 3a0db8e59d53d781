"""Layers and Ranger against what the published PyTorch code computed (`tests/data`, see ../shared/oracle)."""

import json

import keras
import numpy as np
import pytest

from psp_keras import layers
from psp_keras.ops.fir import downsample_2x, upsample_2x
from psp_keras.optimizers import Ranger
from tests.helpers import relative_error
from tests.parity import DATA, LAYER, check, check_figure, nhwc
from tests.synthetic_weights import synthetic_state_dict
from weights_conversion.ir_networks import block_rows
from weights_conversion.psp import style_rows
from weights_conversion.rows import apply_rows, conv_kernel, transposed, unchanged


def weights(name):
    """State dict of a manifest, without the name of the enclosing module."""
    state = synthetic_state_dict(json.loads((DATA / f"{name}.json").read_text()))
    return {key.split(".", 1)[1]: value for key, value in state.items()}


@pytest.mark.parametrize(
    "name, options",
    [("plain", {}), ("up", {"resample": "up"}), ("down", {"resample": "down"}), ("nodemod", {"demodulate": False})],
)
def test_modulated_conv(name, options):
    golden = np.load(DATA / "modulated_conv.npz")
    layer = layers.ModulatedConv2D(10, 3, **options)
    layer.build((None, 8, 8, 6), (None, 16))
    layer.kernel.assign(conv_kernel(golden["weight"]))
    layer.modulation.kernel.assign(golden["mod_weight"].T)
    layer.modulation.bias.assign(golden["mod_bias"])
    check(f"ModulatedConv2D: {name}", layer(nhwc(golden["x"]), golden["style"]), nhwc(golden[f"{name}_out"]), LAYER)


def test_fir_resampling():
    golden = np.load(DATA / "fir_resample.npz")
    check("FIR: up", upsample_2x(nhwc(golden["x"])), nhwc(golden["up"]), LAYER)
    check("FIR: down", downsample_2x(nhwc(golden["x"])), nhwc(golden["down"]), LAYER)


def test_equalized_dense():
    golden = np.load(DATA / "equalized_dense.npz")
    layer = layers.EqualizedDense(10, learning_rate_multiplier=0.01, activate=True)
    layer.build((None, 16))
    layer.kernel.assign(golden["weight"].T)
    layer.bias.assign(golden["bias"])
    check("EqualizedDense", layer(golden["x"]), golden["out"], LAYER)


def test_map2style():
    golden, state = np.load(DATA / "map2style_64_16.npz"), weights("map2style_64_16")
    layer = layers.Map2Style(64)
    layer.build((None, 16, 16, 64))
    apply_rows(layer, style_rows(layer), state)
    check("Map2Style", layer(nhwc(golden["x"])), golden["out"], LAYER)


def test_fpn_upsample_add():
    golden = np.load(DATA / "fpn_upsample_add.npz")
    outputs = layers.BilinearUpsample2D()(nhwc(golden["top"])) + nhwc(golden["lateral"])
    check("FPN upsample and add", outputs, nhwc(golden["out"]), LAYER)


@pytest.mark.parametrize("filters", [64, 128])
def test_ir_se_block(filters):
    name = f"ir_se_block_64_{filters}_s2"
    golden, state = np.load(DATA / f"{name}.npz"), weights(name)
    block = layers.IRBlock(filters, strides=2)
    block.build((None, 16, 16, 64))
    apply_rows(block, block_rows(block), state)
    check(f"IR-SE block 64-{filters}", block(nhwc(golden["x"])), nhwc(golden["out"]), LAYER)


@pytest.mark.parametrize("name, weight_decay", [("ranger_default", None), ("ranger_wd", 1e-2)])
def test_ranger(name, weight_decay):
    golden = np.load(DATA / f"{name}.npz")
    to_keras = {"conv": conv_kernel, "dense": transposed, "bias": unchanged}

    def draw(seed, key):
        return to_keras[key](np.random.RandomState(seed).randn(*golden[key].shape[1:]).astype("float32"))

    parameters = [keras.Variable(draw(11 + j, key)) for j, key in enumerate(to_keras)]
    optimizer = Ranger(1e-2, weight_decay=weight_decay)
    errors = []
    for step in range(30):
        gradients = [keras.ops.convert_to_tensor(draw(100 + 3 * step + j, key)) for j, key in enumerate(to_keras)]
        optimizer.apply(gradients, parameters)
        errors += [relative_error(p, to_keras[key](golden[key][step])) for key, p in zip(to_keras, parameters)]
    check_figure(f"{name}: worst of 30 steps", max(errors), LAYER)


def test_ranger_is_lookahead_and_radam_of_tensorflow_addons():
    golden = np.load(DATA / "tfa_lookahead_radam.npz")
    parameters = [keras.Variable(golden[f"start_{name}"]) for name in ("kernel", "bias")]
    optimizer = Ranger(1e-2, centralize_gradients=False)
    errors = []
    for step in range(50):
        gradients = [keras.ops.convert_to_tensor(golden[f"gradient_{name}"][step]) for name in ("kernel", "bias")]
        optimizer.apply(gradients, parameters)
        errors += [relative_error(p, golden[name][step]) for name, p in zip(("kernel", "bias"), parameters)]
    check_figure("tensorflow-addons: worst of 50 steps", max(errors), LAYER)
