import keras
from keras import ops

from psp_keras.layers.map2style import Map2Style
from psp_keras.models.compiled_call import compiled
from psp_keras.models.deltas import add_deltas, add_stage
from psp_keras.models.encoder import Encoder
from psp_keras.ops.checks import check_sizes
from psp_keras.option_kinds import check_whole


@keras.saving.register_keras_serializable(package="psp_keras")
class ReStyleEncoder(Encoder):
    """ReStyle: looks at a picture beside what it has drawn so far, and corrects its latents (Alaluf et al., ICCV 2021).

    The first drawing is that of the average latent, made once for all pictures. Gradients stay within an iteration, as
    in the published training.

    Args:
        num_styles: number of styles to predict, 18 for a 1024 generator.
        style_filters: channels of the convolutions in `Map2Style`; `style_dim` by default.
        progressive: e4e's form, in which all styles are differences from the first; pSp's otherwise.
        num_iterations: how often `PSP.encode` looks where it is not told, and a training step does.
        **kwargs: of `Encoder`. Every style is read from the last feature map, of `8 * width` channels.

    Input shape: `(N, image_size, image_size, in_channels + 3)`, the picture and the drawing.
    Output shape: `(N, num_styles, style_dim)`, offsets from the latents of the drawing, float32.

    Example:
        >>> encoder = ReStyleEncoder(10, style_dim=64, image_size=64, num_layers=18, width=8, backbone="resnet")
        >>> encoder(np.zeros((2, 64, 64, 6))).shape
        (2, 10, 64)
    """

    extra_channels = 3
    encode_options = ("num_iterations", "return_all")

    def __init__(self, num_styles=18, style_filters=None, progressive=False, num_iterations=5, **kwargs):
        super().__init__(**kwargs)
        check_sizes(num_styles=num_styles, style_filters=style_filters or self.style_dim, num_iterations=num_iterations)
        self.num_styles = num_styles
        self.style_filters = style_filters or self.style_dim
        self.progressive = progressive
        self.num_iterations = num_iterations
        self.styles = [
            Map2Style(self.style_dim, self.style_filters, dtype=self.dtype_policy, name=f"style_{i}")
            for i in range(num_styles)
        ]

    @classmethod
    def for_generator(cls, generator, style_filters=None, **options):
        options = {"num_styles": generator.num_styles, "style_filters": style_filters, **options}
        return super().for_generator(generator, **options)

    def build(self, input_shape):
        super().build(input_shape)
        features = self.backbone.compute_output_shape(input_shape)[-1]
        for style in self.styles:
            style.build(features)
        if self.progressive:
            self.stage = add_stage(self)

    @compiled
    def call(self, images, training=False):
        features = self.backbone(images, training=training)[-1]
        codes = [style(features) for style in self.styles]
        return add_deltas(codes, self.stage) if self.progressive else ops.stack(codes, axis=1)

    def encode(self, images, start, decode, training=False, num_iterations=None, return_all=False):
        """Reads pictures into latents, see `Encoder.encode`.

        Args:
            images: `(N, image_size, image_size, in_channels)`, float32.
            start: the average latent, `(num_styles, style_dim)`.
            decode: draws images from latents.
            training: whether batch normalisation uses the statistics of this batch.
            num_iterations: how often to look, 5 in the paper; by default what the encoder was made with.
            return_all: whether to return the latents of every iteration, in a list.

        Returns:
            w_plus `(N, num_styles, style_dim)`, float32, or a list of them.

        Raises:
            UserError: `num_iterations` is no whole number from 1.
        """
        num_iterations = self.num_iterations if num_iterations is None else num_iterations
        check_whole(1, num_iterations=num_iterations)
        steps = [start]
        for _ in range(num_iterations):
            steps.append(self.iterate(images, steps[-1], decode, training))
        return steps[1:] if return_all else steps[-1]

    def iterate(self, images, latents, decode, training=False):
        """Corrects latents once, see `Encoder.iterate`; those of `start` are drawn once for all pictures."""
        latents = ops.stop_gradient(ops.reshape(latents, (-1, *latents.shape[-2:])))
        drawings = self._look_at(ops.stop_gradient(decode(latents)))
        pairs = ops.concatenate([images, drawings + ops.zeros_like(images[..., :1])], axis=-1)
        return latents + ops.cast(self(pairs, training=training), "float32")

    def _look_at(self, drawings):
        """Drawings in the size of the encoder's pictures, by average pooling."""
        size = (self.image_size, self.image_size)
        return drawings if tuple(drawings.shape[1:3]) == size else ops.adaptive_average_pool(drawings, size)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.num_styles, self.style_dim)

    def get_config(self):
        names = ("num_styles", "style_filters", "progressive", "num_iterations")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
