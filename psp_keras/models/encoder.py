import keras
from keras import ops

from psp_keras.errors import UserError
from psp_keras.layers.ir_backbone import IRBackbone
from psp_keras.ops.checks import MAX_WIDTH, check_shape, check_sizes


class Encoder(keras.Model):
    """What the pSp encoders share: a square input and the IR backbone that looks at it.

    Args:
        style_dim: size of a style.
        image_size: pixels of the square input, a power of two from 32.
        in_channels: 3 for RGB, 1 for sketches, the number of classes for segmentation maps.
        num_layers: depth of the backbone, 10, 18, 34, 50, 100 or 152.
        squeeze_excite: IR-SE instead of IR.
        width: channels of the backbone's first stage; its last has `8 * width`.

    Raises:
        UserError: a size is out of its range.
        ValueError: there is no backbone of this depth.

    Example:
        >>> generator = psp_keras.models.StyleGAN2Generator.from_preset("mini_faces_stylegan2")
        >>> encoder = psp_keras.models.GradualStyleEncoder.for_generator(generator, num_layers=18, width=8)
        >>> isinstance(encoder, Encoder), encoder.image_size, encoder.num_styles
        (True, 64, 10)
    """

    def __init__(
        self,
        style_dim=512,
        image_size=256,
        in_channels=3,
        num_layers=50,
        squeeze_excite=True,
        width=64,
        **kwargs,
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
        self.backbone = IRBackbone(num_layers, squeeze_excite, width, dtype=self.dtype_policy, name="backbone")

    def build(self, input_shape):
        check_shape("images", input_shape, ("N", self.image_size, self.image_size, self.in_channels))
        self.backbone.build(input_shape)

    @classmethod
    def for_generator(cls, generator, style_filters=None, **options):
        """Returns an untrained encoder that fits a generator, for square inputs of at most 256 pixels.

        Args:
            generator: the generator.
            style_filters: channels of the map2style blocks, for encoders that have them.
            **options: of the constructor.
        """
        return cls(style_dim=generator.style_dim, image_size=min(256, generator.resolution), **options)

    def start_from(self, network):
        """Copies the backbone of a face recognition network, where a pSp training starts (pSp, section 4), or all
        that another encoder has learned.

        The input layer is left as it is when the inputs differ, such as sketches and photos.

        Args:
            network: `ArcFace` (`model_ir_se50` in the paper) or `Encoder` with a backbone of the same depth, kind and
                width. Of an encoder of the same shape, everything above the backbone is copied too.

        Raises:
            UserError: the backbones differ.
        """
        names = ("num_layers", "squeeze_excite", "width")
        mine, theirs = ({name: getattr(one, name) for name in names} for one in (self, network))
        if mine != theirs:
            raise UserError(f"The encoder's backbone is {mine}, that of the network to start from is {theirs}.")
        backbone = self.backbone
        layers = (backbone.input_conv, backbone.input_norm, backbone.input_prelu)
        same_input = self.in_channels == getattr(network, "in_channels", 3)
        skipped = set() if same_input else {id(variable) for layer in layers for variable in layer.variables}
        whole = [tuple(v.shape) for v in _head(self)] == [tuple(v.shape) for v in _head(network)]
        copied = (self, network) if whole else (backbone, network.backbone)
        for variable, source in zip(*(one.variables for one in copied)):
            if id(variable) not in skipped:
                variable.assign(ops.copy(source))

    def compute_output_spec(self, images, training=False):
        return keras.KerasTensor(self.compute_output_shape(images.shape), dtype="float32")

    def get_config(self):
        names = ("style_dim", "image_size", "in_channels", "num_layers", "squeeze_excite", "width")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _head(network):
    """What a network has above its backbone."""
    below = {id(variable) for variable in network.backbone.variables}
    return [variable for variable in network.variables if id(variable) not in below]
