from collections.abc import Callable
from typing import Any, Self

import keras
from keras import ops

from psp_keras.errors import UserError
from psp_keras.layers.ir_backbone import IRBackbone
from psp_keras.layers.resnet_backbone import ResNetBackbone
from psp_keras.models.generator import Generator
from psp_keras.ops.checks import MAX_WIDTH, check_shape, check_sizes
from psp_keras.typing import Tensor


class Encoder(keras.Model):
    """What the encoders share: a square input and the backbone that looks at it.

    Args:
        style_dim: size of a style.
        image_size: pixels of the square input, a power of two from 32.
        in_channels: 3 for RGB, 1 for sketches, the number of classes for segmentation maps.
        num_layers: depth of the backbone, 10, 18, 34, 50, 100 or 152; of a ResNet, 18 or 34.
        squeeze_excite: IR-SE instead of IR; of no meaning to a ResNet.
        width: channels of the backbone's first stage; its last has `8 * width`.
        backbone: `"ir"`, or `"resnet"` for pictures that are not faces.

    Attributes:
        extra_channels: how many channels the network sees beside those of the picture.
        encode_options: what `encode` may be told beside the images.
        num_iterations: how often it looks at a picture in a training step.
        stage: of encoders that a training adds styles to, a weight: the last style that differs from the first.

    Raises:
        UserError: a size is out of its range, or `image_size` no power of two from 32.
        ValueError: there is no backbone of this depth.

    Example:
        >>> generator = psp_keras.models.StyleGAN2Generator.from_preset("mini_faces_stylegan2")
        >>> encoder = psp_keras.models.GradualStyleEncoder.for_generator(generator, num_layers=18, width=8)
        >>> isinstance(encoder, Encoder), encoder.image_size, encoder.num_styles
        (True, 64, 10)
    """

    extra_channels = 0
    encode_options = ()
    num_iterations = 1
    stage = None

    def __init__(
        self,
        style_dim: int = 512,
        image_size: int = 256,
        in_channels: int = 3,
        num_layers: int = 50,
        squeeze_excite: bool = True,
        width: int = 64,
        backbone: str = "ir",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        check_sizes(style_dim=style_dim, image_size=image_size, in_channels=in_channels)
        check_sizes(MAX_WIDTH, width=width)
        if image_size < 32 or image_size & (image_size - 1):
            raise UserError(f"`image_size` must be a power of two from 32, got {image_size}.")
        self.style_dim = style_dim
        self.image_size = image_size
        self.in_channels = in_channels
        self.num_layers = num_layers
        self.squeeze_excite = squeeze_excite
        self.width = width
        self.backbone_kind = backbone
        self.backbone = self._make_backbone()

    def _make_backbone(self):
        options = {"dtype": self.dtype_policy, "name": "backbone"}
        if self.backbone_kind == "ir":
            return IRBackbone(self.num_layers, self.squeeze_excite, self.width, **options)
        if self.backbone_kind == "resnet":
            return ResNetBackbone(self.num_layers, self.width, **options)
        raise UserError(f"`backbone` must be ir or resnet, got {self.backbone_kind!r}.")

    def build(self, input_shape):
        check_shape("images", input_shape, ("N", *self.network_input_shape[1:]))
        self.backbone.build(input_shape)

    @property
    def network_input_shape(self) -> tuple:
        """Shape of what the network itself sees, a batch of any size."""
        return (None, self.image_size, self.image_size, self.in_channels + self.extra_channels)

    def encode(self, images: Tensor, start: Tensor, decode: Callable, training: bool = False, **options: Any) -> Tensor:
        """Reads pictures into latents, in the way of this encoder; `PSP.encode` calls it.

        Args:
            images: `(N, image_size, image_size, in_channels)`, float32.
            start: what the network's codes are offsets from, `(num_styles, style_dim)`.
            decode: draws images from latents, for encoders that look at what they have drawn so far.
            training: whether batch normalisation uses the statistics of this batch.
            **options: those in `encode_options`.

        Returns:
            w_plus `(N, num_styles, style_dim)`, float32.
        """
        codes = ops.cast(self(images, training=training, **options), "float32")
        if len(codes.shape) == 2:
            codes = ops.repeat(codes[:, None], start.shape[0], axis=1)
        return codes + start

    def iterate(self, images: Tensor, latents: Tensor, decode: Callable, training: bool = False) -> Tensor:
        """Takes one of the `num_iterations` of a training step.

        Args:
            images: `(N, image_size, image_size, in_channels)`, float32.
            latents: `start` of `encode` at first, then what the iteration before returned, without gradients.
            decode: draws images from these latents.
            training: whether batch normalisation uses the statistics of this batch.

        Returns:
            w_plus `(N, num_styles, style_dim)`, float32.
        """
        return self.encode(images, latents, decode, training=training)

    @classmethod
    def for_generator(cls, generator: Generator, style_filters: int | None = None, **options: Any) -> Self:
        """Returns an untrained encoder that fits a generator, for square inputs of at most 256 pixels.

        Args:
            generator: the generator.
            style_filters: channels of the map2style blocks, for encoders that have them.
            **options: of the constructor.
        """
        return cls(style_dim=generator.style_dim, image_size=min(256, generator.resolution), **options)

    def start_from(self, network: keras.Model) -> None:
        """Copies the backbone of a face recognition network, where a pSp training starts (pSp, section 4), or all
        that another encoder has learned.

        The input layer is left as it is when the pictures differ, such as sketches and photos. What the network sees
        beside them, such as ReStyle's drawing, has new weights unless both see it.

        Args:
            network: `ArcFace` (`model_ir_se50` in the paper) or `Encoder` with a backbone of the same depth, kind and
                width. Of an encoder of the same shape, everything above the backbone is copied too.

        Raises:
            UserError: the backbones differ.
        """
        names = ("num_layers", "squeeze_excite", "width")
        mine, theirs = ({name: getattr(one, name) for name in names} for one in (self, network))
        mine["backbone"], theirs["backbone"] = self.backbone_kind, getattr(network, "backbone_kind", "ir")
        if mine != theirs:
            raise UserError(f"The encoder's backbone is {mine}, that of the network to start from is {theirs}.")
        backbone = self.backbone
        layers = (backbone.input_conv, backbone.input_norm, backbone.input_prelu)
        same_pictures = self.in_channels == getattr(network, "in_channels", 3)
        skipped = set() if same_pictures else {id(variable) for layer in layers for variable in layer.variables}
        whole = [tuple(v.shape) for v in _head(self)] == [tuple(v.shape) for v in _head(network)]
        copied = (self, network) if whole else (backbone, network.backbone)
        for variable, source in zip(*(one.variables for one in copied)):
            if id(variable) not in skipped:
                variable.assign(_with_inputs_of(source, variable))

    def compute_output_spec(self, images, training=False, **options):
        return keras.KerasTensor(self.compute_output_shape(images.shape), dtype="float32")

    def get_config(self):
        names = ("style_dim", "image_size", "in_channels", "num_layers", "squeeze_excite", "width")
        config = {name: getattr(self, name) for name in names}
        return {**super().get_config(), **config, "backbone": self.backbone_kind}


def _with_inputs_of(kernel, other):
    """A kernel for as many input channels as another one, whose weights it takes where it has none."""
    kernel = ops.convert_to_tensor(kernel)
    if kernel.shape == other.shape:
        return ops.copy(kernel)
    count = min(kernel.shape[2], other.shape[2])
    return ops.concatenate([kernel[:, :, :count], other[:, :, count:]], axis=2)


def _head(network):
    """What a network has above its backbone."""
    below = {id(variable) for variable in network.backbone.variables}
    return [variable for variable in network.variables if id(variable) not in below]
