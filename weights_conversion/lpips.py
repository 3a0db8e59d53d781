"""LPIPS: torchvision's `vgg16-*.pth` or `alexnet-*.pth`, and the heads in LPIPS's own `vgg.pth` or `alex.pth`."""

from psp_keras.models.perceptual_network import PerceptualNetwork
from weights_conversion.rows import Row, conv_rows, flat
from weights_conversion.torch_reader import CheckpointError

_FIRST_KERNELS = {(64, 3, 3, 3): "vgg16", (64, 3, 11, 11): "alexnet"}


def make_perceptual_network(state):
    """Returns the untrained `PerceptualNetwork` whose convolutions a state dict of torchvision holds."""
    backbone = _FIRST_KERNELS.get(tuple(state["features.0.weight"].shape))
    if backbone is None:
        raise CheckpointError("it is neither torchvision's VGG16 nor its AlexNet")
    model = PerceptualNetwork(backbone, name=backbone)
    model.build()
    return model


def lpips_state(features, heads):
    """Joins the two files and leaves out torchvision's classifier, which LPIPS does not use."""
    return {**{key: value for key, value in features.items() if not key.startswith("classifier.")}, **heads}


def perceptual_rows(model, state):
    kernels = sorted(
        (key for key in state if key.startswith("features.") and key.endswith(".weight")),
        key=lambda key: int(key.split(".")[1]),
    )
    for conv, key in zip(model.convs, kernels):
        yield from conv_rows(conv, key.removesuffix(".weight"))
    for i, head in enumerate(model.heads):
        yield Row(f"lin{i}.model.1.weight", head, flat)
