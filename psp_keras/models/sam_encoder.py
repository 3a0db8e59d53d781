import keras
import numpy as np
from keras import ops

from psp_keras.errors import UserError
from psp_keras.models.compiled_call import compiled
from psp_keras.models.gradual_style_encoder import GradualStyleEncoder
from psp_keras.ops.checks import check_shape
from psp_keras.option_kinds import check_number


@keras.saving.register_keras_serializable(package="psp_keras")
class SAMEncoder(GradualStyleEncoder):
    """SAM: makes a face as old as it is told (Alaluf et al., SIGGRAPH 2021).

    It sees the age beside the picture, and predicts what has to be added to the latents of a frozen pSp encoder.

    Args:
        age: years, 0 to 100, where `PSP.encode` is not told.
        **kwargs: of `GradualStyleEncoder`; they count for the frozen encoder too.

    Input shape: `(N, image_size, image_size, in_channels + 1)`; the last channel is the age divided by 100.
    Output shape: `(N, num_styles, style_dim)`, offsets from the average latent, float32.

    Example:
        >>> encoder = SAMEncoder(num_styles=10, style_dim=64, image_size=64, num_layers=18, width=8)
        >>> encoder(np.zeros((2, 64, 64, 4))).shape
        (2, 10, 64)
    """

    extra_channels = 1
    encode_options = ("age",)

    def __init__(self, age=30, **kwargs):
        super().__init__(**kwargs)
        check_number(0, 100, age=age)
        self.age = age
        settings = {name: value for name, value in super().get_config().items() if name in _SHARED}
        self.pretrained = GradualStyleEncoder(**settings, dtype=self.dtype_policy, name="pretrained")

    def build(self, input_shape):
        super().build(input_shape)
        self.pretrained.build(self.pretrained.network_input_shape)
        self.pretrained.built = True
        self.pretrained.trainable = False

    @compiled
    def call(self, images, training=False):
        encoded = ops.stack(self.pretrained.codes(images[..., :-1]), axis=1)
        return ops.stop_gradient(encoded) + ops.stack(self.codes(images, training), axis=1)

    def encode(self, images, start, decode, training=False, age=None):
        """Reads pictures into latents, see `Encoder.encode`.

        Args:
            images: `(N, image_size, image_size, in_channels)`, float32.
            start: the average latent, `(num_styles, style_dim)`.
            decode: of no use here.
            training: whether batch normalisation uses the statistics of this batch.
            age: years, 0 to 100, one number or one for each picture; by default what the encoder was made with.

        Returns:
            w_plus `(N, num_styles, style_dim)`, float32.

        Raises:
            UserError: an age is out of its range.
        """
        ages = _as_ages(self.age if age is None else age, images.shape[0])
        channel = ops.ones_like(images[..., :1]) * ops.reshape(ages, (-1, 1, 1, 1)) / 100
        return super().encode(ops.concatenate([images, channel], axis=-1), start, decode, training=training)

    def get_config(self):
        return {**super().get_config(), "age": self.age}


# What the frozen encoder has in common with the other.
_SHARED = (
    "num_styles",
    "style_filters",
    "style_dim",
    "image_size",
    "in_channels",
    "num_layers",
    "squeeze_excite",
    "width",
    "backbone",
)


def _as_ages(age, count):
    ages = np.asarray(age, "float32")
    if not np.all((ages >= 0) & (ages <= 100)):
        raise UserError(f"`age` must be from 0 to 100 years, got {age!r}.")
    if ages.ndim:
        check_shape("age", ages.shape, (count,))
    return ages
