"""`moco_v2_800ep_pretrain.pth.tar`: the query encoder of MoCo v2, a ResNet-50."""

from psp_keras.models.moco import MoCo
from weights_conversion.rows import Row, batch_norm_rows, conv_kernel

PREFIX = "module.encoder_q."


def moco_state(state):
    """Leaves out what the loss does not use: the projection head, the key encoder and the queue."""
    return {key: value for key, value in state.items() if key.startswith(PREFIX) and not key.startswith(f"{PREFIX}fc.")}


def make_moco():
    """Returns the untrained `MoCo`."""
    model = MoCo(name="moco")
    model.build()
    return model


def moco_rows(model):
    yield Row(f"{PREFIX}conv1.weight", model.input_conv.kernel, conv_kernel)
    yield from batch_norm_rows(model.input_norm, f"{PREFIX}bn1")
    for i, stage in enumerate(model.stages):
        for j, block in enumerate(stage):
            key = f"{PREFIX}layer{i + 1}.{j}"
            for k, (conv, norm) in enumerate(zip(block.convs, block.norms)):
                conv_key, norm_key = (f"conv{k + 1}", f"bn{k + 1}") if k < 3 else ("downsample.0", "downsample.1")
                yield Row(f"{key}.{conv_key}.weight", conv.kernel, conv_kernel)
                yield from batch_norm_rows(norm, f"{key}.{norm_key}")
