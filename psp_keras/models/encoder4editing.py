import keras

from psp_keras.models.compiled_call import compiled
from psp_keras.models.deltas import add_deltas, add_stage
from psp_keras.models.gradual_style_encoder import GradualStyleEncoder
from psp_keras.option_kinds import check_whole


@keras.saving.register_keras_serializable(package="psp_keras")
class Encoder4Editing(GradualStyleEncoder):
    """e4e: pSp's network, whose latents stay close to W and so can be edited (Tov et al., SIGGRAPH 2021).

    The first style is predicted and stands for all; the others are predicted as differences from it. A training adds
    the differences one after the other: its weight `stage` is the last style that differs.

    Args:
        **kwargs: of `GradualStyleEncoder`.

    Input shape: `(N, image_size, image_size, in_channels)`.
    Output shape: `(N, num_styles, style_dim)`, offsets from the average latent, float32.

    Example:
        >>> encoder = Encoder4Editing(num_styles=10, style_dim=64, image_size=64, num_layers=18, width=8)
        >>> encoder(np.zeros((2, 64, 64, 3)), stage=5).shape
        (2, 10, 64)
    """

    encode_options = ("stage",)

    def build(self, input_shape):
        super().build(input_shape)
        self.stage = add_stage(self)

    @compiled
    def call(self, images, training=False, stage=None):
        """Runs the network.

        Args:
            images: `(N, image_size, image_size, in_channels)`.
            training: whether batch normalisation uses the statistics of this batch.
            stage: the last style that differs from the first, 0 for one w for all; by default the weight `stage`.
        """
        if stage is not None:
            check_whole(0, stage=stage)
        return add_deltas(self.codes(images, training), self.stage if stage is None else stage)
