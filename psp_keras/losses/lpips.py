import keras

from psp_keras.models.perceptual_network import PerceptualNetwork
from psp_keras.ops.face_regions import inner_face


@keras.saving.register_keras_serializable(package="psp_keras")
class LPIPS(keras.losses.Loss):
    """Learned perceptual image patch similarity (Zhang et al., CVPR 2018), a loss and a metric.

    Args:
        network: `PerceptualNetwork`, or the preset of one.
        crop: whether to compare only the inner face.

    Call: two batches of images `(N, H, W, 3)` in [-1, 1]; the mean distance over the batch, 0 for equal images.

    Example:
        >>> float(LPIPS("mini_faces_vgg")(images, images))
        0.0
    """

    def __init__(self, network, crop=False, name="lpips", **kwargs):
        super().__init__(name=name, **kwargs)
        self.network = network if isinstance(network, PerceptualNetwork) else PerceptualNetwork.from_preset(network)
        self.network.trainable = False
        self.crop = crop

    def call(self, y_true, y_pred):
        if self.crop:
            y_true, y_pred = inner_face(y_true), inner_face(y_pred)
        return self.network(y_pred, y_true)

    def get_config(self):
        network = keras.saving.serialize_keras_object(self.network)
        return {**super().get_config(), "network": network, "crop": self.crop}

    @classmethod
    def from_config(cls, config):
        network = keras.saving.deserialize_keras_object(config["network"])
        return cls(**{**config, "network": network})
