"""`model_ir_se50.pth`, `CurricularFace_Backbone.pth`, and the backbone inside pSp encoders."""

from psp_keras.layers.ir_backbone import STAGES
from psp_keras.models.arcface import ArcFace
from weights_conversion.rows import (
    Row,
    batch_norm_rows,
    conv_kernel,
    dense_of_1x1,
    dense_of_flattened,
    per_channel,
    unchanged,
)
from weights_conversion.torch_reader import CheckpointError


def backbone_options(state, prefix=""):
    """Reads depth, width and kind of an IR backbone off its keys and shapes."""
    blocks = {key.removeprefix(f"{prefix}body.").split(".")[0] for key in state if key.startswith(f"{prefix}body.")}
    depths = [depth for depth, stages in STAGES.items() if sum(stages) == len(blocks)]
    if not depths:
        raise CheckpointError(f"its backbone has {len(blocks)} blocks, which is no known depth")
    return {
        "num_layers": depths[0],
        "squeeze_excite": f"{prefix}body.0.res_layer.5.fc1.weight" in state,
        "width": state[f"{prefix}input_layer.0.weight"].shape[0],
    }


def backbone_rows(backbone, prefix=""):
    yield Row(f"{prefix}input_layer.0.weight", backbone.input_conv.kernel, conv_kernel)
    yield from batch_norm_rows(backbone.input_norm, f"{prefix}input_layer.1")
    yield Row(f"{prefix}input_layer.2.weight", backbone.input_prelu.alpha, per_channel)
    for i, block in enumerate(block for stage in backbone.stages for block in stage):
        yield from block_rows(block, f"{prefix}body.{i}.")


def block_rows(block, prefix=""):
    norm_in, conv_1, prelu, conv_2, norm_out, *gate = block.residual
    yield from batch_norm_rows(norm_in, f"{prefix}res_layer.0")
    yield Row(f"{prefix}res_layer.1.weight", conv_1.kernel, conv_kernel)
    yield Row(f"{prefix}res_layer.2.weight", prelu.alpha, per_channel)
    yield Row(f"{prefix}res_layer.3.weight", conv_2.kernel, conv_kernel)
    yield from batch_norm_rows(norm_out, f"{prefix}res_layer.4")
    for squeeze_excite in gate:
        yield Row(f"{prefix}res_layer.5.fc1.weight", squeeze_excite.squeeze.kernel, dense_of_1x1)
        yield Row(f"{prefix}res_layer.5.fc2.weight", squeeze_excite.excite.kernel, dense_of_1x1)
    if block.shortcut:
        conv, norm = block.shortcut
        yield Row(f"{prefix}shortcut_layer.0.weight", conv.kernel, conv_kernel)
        yield from batch_norm_rows(norm, f"{prefix}shortcut_layer.1")


def make_arcface(state):
    """Returns the untrained `ArcFace` that a state dict describes."""
    model = ArcFace(**backbone_options(state), affine="output_layer.4.weight" in state)
    model.build()
    return model


def arcface_rows(model):
    yield from backbone_rows(model.backbone)
    yield from batch_norm_rows(model.feature_norm, "output_layer.0")
    side = model.image_size // 16
    yield Row("output_layer.3.weight", model.dense.kernel, dense_of_flattened(side, side))
    yield Row("output_layer.3.bias", model.dense.bias, unchanged)
    yield from batch_norm_rows(model.embedding_norm, "output_layer.4")
