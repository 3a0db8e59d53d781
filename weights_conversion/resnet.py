"""The ResNet-34 inside ReStyle's encoders."""

from psp_keras.layers.resnet_backbone import RESNET_STAGES
from weights_conversion.rows import Row, batch_norm_rows, conv_kernel, per_channel
from weights_conversion.torch_reader import CheckpointError


def is_resnet(state, prefix=""):
    """Whether the backbone under a prefix is a ResNet."""
    return f"{prefix}conv1.weight" in state


def resnet_options(state, prefix=""):
    """Reads depth and width of a ResNet off its keys and shapes."""
    blocks = {key.removeprefix(f"{prefix}body.").split(".")[0] for key in state if key.startswith(f"{prefix}body.")}
    depths = [depth for depth, stages in RESNET_STAGES.items() if sum(stages) == len(blocks)]
    if not depths:
        raise CheckpointError(f"its backbone has {len(blocks)} blocks, which is no known depth of a ResNet")
    return {"backbone": "resnet", "num_layers": depths[0], "width": state[f"{prefix}conv1.weight"].shape[0]}


def resnet_rows(backbone, prefix=""):
    yield Row(f"{prefix}conv1.weight", backbone.input_conv.kernel, conv_kernel)
    yield from batch_norm_rows(backbone.input_norm, f"{prefix}bn1")
    yield Row(f"{prefix}relu.weight", backbone.input_prelu.alpha, per_channel)
    for i, block in enumerate(block for stage in backbone.stages for block in stage):
        key = f"{prefix}body.{i}"
        for j, (conv, norm) in enumerate(zip(block.convs, block.norms)):
            conv_key, norm_key = (f"conv{j + 1}", f"bn{j + 1}") if j < 2 else ("downsample.0", "downsample.1")
            yield Row(f"{key}.{conv_key}.weight", conv.kernel, conv_kernel)
            yield from batch_norm_rows(norm, f"{key}.{norm_key}")
