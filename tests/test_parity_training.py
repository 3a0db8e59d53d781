"""Three training steps of the published size: losses and gradients of `PSP.train_step` against PyTorch's."""

import json

import keras
import numpy as np
import pytest

from psp_keras.losses import PSPLoss
from psp_keras.optimizers import Ranger
from tests import parity
from tests.parity import DATA, check_figure, converted_arcface, converted_lpips, converted_psp, nhwc
from tests.synthetic_weights import synthetic_image
from weights_conversion.psp import psp_rows

TRAJECTORY, AT_KINKS = 1e-3, 1e-2


class RecordingRanger(Ranger):
    """Keeps the gradient norms of the first step."""

    norms = None

    def apply(self, gradients, variables):
        if self.norms is None:
            self.norms = {
                id(v): float(keras.ops.norm(keras.ops.reshape(g, (-1,)))) for g, v in zip(gradients, variables)
            }
        super().apply(gradients, variables)


@pytest.mark.heavy
def test_three_training_steps():
    golden = json.loads((DATA / "train_steps_256.json").read_text())
    names = ["loss", "l2", "lpips", "id", "w_norm"]
    weights = dict(zip(names[1:], (golden["weights"][column] for column in golden["columns"][1:])))
    model = converted_psp("psp_256")
    loss = PSPLoss(**weights, perceptual_network=converted_lpips("vgg"), arcface=converted_arcface("model_ir_se50"))
    optimizer = RecordingRanger(1e-4)
    model.compile(optimizer, loss, run_eagerly=True)
    images = keras.ops.convert_to_tensor(nhwc(synthetic_image(golden["image_seed"], (2, 3, 256, 256))))
    for step, expected in enumerate(golden["history"]):
        model.reset_metrics()
        logs = model.train_step((images, images))
        for name, value in zip(names, expected):
            check_figure(f"step {step}: {name}", abs(float(logs[name]) / value - 1), TRAJECTORY)

    keys = {id(row.variable): row.key.removeprefix("encoder.") for row in psp_rows(model)}
    norms = {keys[variable]: norm for variable, norm in optimizer.norms.items()}
    expected = golden["encoder_gradient_norms_step0"]
    assert norms.keys() == expected.keys()
    errors = np.array([abs(norms[key] / expected[key] - 1) for key in expected])
    check_figure("gradient norms of step 0, 95 % of 409", np.quantile(errors, 0.95), TRAJECTORY)
    parity.TABLE.append(("gradient norms of step 0, worst of 409", errors.max(), TRAJECTORY))
    if errors.max() > TRAJECTORY:
        # Squeeze-and-excitation's hidden units sit on the kink of a ReLU: multiplying the input by 1 + 1e-7 * noise
        # moves these norms by up to 4e-3, so float32 does not determine them to 1e-3. A wrong weight moves them more.
        assert errors.max() < AT_KINKS, f"the worst gradient norm misses by {errors.max():.1e}"
        pytest.xfail(f"{(errors > TRAJECTORY).sum()} of 409 gradient norms miss 1e-3, the worst by {errors.max():.1e}")
