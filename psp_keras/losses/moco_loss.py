import keras
from keras import ops

from psp_keras.models.moco import MoCo


@keras.saving.register_keras_serializable(package="psp_keras")
class MoCoLoss(keras.losses.Loss):
    """One minus the cosine between MoCo features: the identity loss for pictures that are not faces (pSp, section 4.5).

    Args:
        network: `MoCo`, or the preset of one.

    Call: two batches of images `(N, S, S, 3)` in [-1, 1]; the mean over the batch, in [0, 2].

    Example:
        >>> loss = MoCoLoss(MoCo(image_size=64, width=8))
        >>> bool(abs(loss(images, images)) < 1e-5)
        True
    """

    def __init__(self, network, name="moco", **kwargs):
        super().__init__(name=name, **kwargs)
        self.network = network if isinstance(network, MoCo) else MoCo.from_preset(network)
        self.network.trainable = False

    def call(self, y_true, y_pred):
        return 1.0 - ops.sum(self.network(y_pred) * self.network(y_true), axis=-1)

    def get_config(self):
        return {**super().get_config(), "network": keras.saving.serialize_keras_object(self.network)}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "network": keras.saving.deserialize_keras_object(config["network"])})
