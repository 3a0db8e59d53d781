import keras
import numpy as np
from keras import ops

from psp_keras.models.compiled_call import compiled
from psp_keras.models.preset import PresetModel
from psp_keras.ops.checks import MAX_WIDTH, check_shape, check_sizes
from psp_keras.ops.onednn import fused

# (channels at width 64, kernel, stride, padding) of every convolution, "pool" between, "tap" where LPIPS reads.
_BACKBONES = {
    "vgg16": [(64, 3, 1, 1)] * 2
    + ["tap", "pool", *[(128, 3, 1, 1)] * 2]
    + ["tap", "pool", *[(256, 3, 1, 1)] * 3]
    + ["tap", "pool", *[(512, 3, 1, 1)] * 3]
    + ["tap", "pool", *[(512, 3, 1, 1)] * 3, "tap"],
    "alexnet": [
        *[(64, 11, 4, 2), "tap", "pool", (192, 5, 1, 2), "tap", "pool"],
        *[(384, 3, 1, 1), "tap", (256, 3, 1, 1), "tap", (256, 3, 1, 1), "tap"],
    ],
}
_POOL_SIZE = {"vgg16": 2, "alexnet": 3}
# LPIPS v0.1 normalises RGB in [-1, 1] with these (Zhang et al., CVPR 2018).
_SHIFT = np.array([-0.030, -0.088, -0.188], "float32")
_SCALE = np.array([0.458, 0.448, 0.450], "float32")


@keras.saving.register_keras_serializable(package="psp_keras")
class PerceptualNetwork(PresetModel):
    """The network behind LPIPS: deep features of two images, compared (Zhang et al., CVPR 2018, equation 1).

    Features are normalised per position, their squared differences weighed by non-negative heads, summed over
    channels and layers, and averaged over space. Normalisation and distance are float32.

    Args:
        backbone: `"vgg16"` or `"alexnet"`.
        width: channels of the first convolution, 64 in the published networks.

    Input: two batches of RGB images `(N, H, W, 3)` in [-1, 1]. Output shape: `(N,)`, 0 for equal images.

    Example:
        >>> network = PerceptualNetwork("vgg16", width=8)
        >>> network(np.zeros((2, 64, 64, 3)), np.zeros((2, 64, 64, 3))).shape
        (2,)
    """

    def __init__(self, backbone="vgg16", width=64, **kwargs):
        super().__init__(**kwargs)
        check_sizes(MAX_WIDTH, width=width)
        if backbone not in _BACKBONES:
            raise ValueError(f"`backbone` must be one of {sorted(_BACKBONES)}, got {backbone!r}.")
        self.backbone = backbone
        self.width = width
        self.plan = [
            step if isinstance(step, str) else (step[0] * width // 64, *step[1:]) for step in _BACKBONES[backbone]
        ]
        self.convs = [
            self._make_conv(i, *step) for i, step in enumerate(step for step in self.plan if not isinstance(step, str))
        ]

    def _make_conv(self, index, filters, kernel, strides, padding):
        pads_itself = strides == 1 and padding == kernel // 2
        return keras.layers.Conv2D(
            filters,
            kernel,
            strides,
            padding="same" if pads_itself else "valid",
            kernel_initializer="he_normal",
            dtype=self.dtype_policy,
            name=f"conv_{index}",
        )

    def build(self, images_shape=None, others_shape=None):
        if images_shape is not None:
            check_shape("images", images_shape, ("N", "H", "W", 3))
        channels, convs, self.heads = 3, iter(self.convs), []
        for step in self.plan:
            if step == "tap":
                name, ones = f"head_{len(self.heads)}", keras.initializers.Constant(0.2)
                self.heads.append(
                    self.add_weight(name=name, shape=(channels,), initializer=ones, autocast=False, trainable=False)
                )
            elif step != "pool":
                next(convs).build((None, None, None, channels))
                channels = step[0]
        self.built = True

    @compiled
    def call(self, images, others):
        check_shape("images", images.shape, ("N", "H", "W", 3))
        check_shape("others", others.shape, ("N", "H", "W", 3))
        # One after the other: in a training, the targets then need no gradient.
        pairs = zip(self.features(images), self.features(others), self.heads)
        return sum(_distance(one, other, ops.cast(head, "float32"), trainable=False) for one, other, head in pairs)

    @compiled
    def features(self, images):
        """Returns the feature maps that LPIPS compares, shallow to deep."""
        shift, scale = (ops.convert_to_tensor(constant) for constant in (_SHIFT, _SCALE))
        x = ops.cast((ops.cast(images, "float32") - shift) / scale, self.compute_dtype)
        taps, convs = [], iter(self.convs)
        for step in self.plan:
            if step == "tap":
                taps.append(x)
            elif step == "pool":
                x = ops.max_pool(x, _POOL_SIZE[self.backbone], strides=2, padding="valid")
            else:
                conv, side = next(convs), step[3]
                if conv.padding == "valid":
                    x = ops.pad(x, [[0, 0], [side, side], [side, side], [0, 0]])
                x = ops.relu(conv(x))
        return taps

    def compute_output_shape(self, images_shape, others_shape=None):
        return (images_shape[0],)

    def compute_output_spec(self, images, others):
        return keras.KerasTensor((images.shape[0],), dtype="float32")

    def get_config(self):
        return {**super().get_config(), "backbone": self.backbone, "width": self.width}


@fused("head")
def _distance(features, others, head):
    features, others = (_normalise(ops.cast(x, "float32")) for x in (features, others))
    return ops.mean(ops.sum(ops.square(features - others) * head, axis=-1), axis=(1, 2))


def _normalise(features):
    # The guarded root keeps the gradient finite where a position has no active feature.
    squares = ops.sum(ops.square(features), axis=-1, keepdims=True)
    norm = ops.sqrt(ops.maximum(squares, 1e-20))
    return features / (norm + 1e-10)
