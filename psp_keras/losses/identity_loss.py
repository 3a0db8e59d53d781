import keras
from keras import ops

from psp_keras.models.arcface import ArcFace
from psp_keras.ops.face_regions import recognition_input


@keras.saving.register_keras_serializable(package="psp_keras")
class IdentityLoss(keras.losses.Loss):
    """One minus the cosine between the face embeddings of output and target (pSp, equation 4).

    Aligned faces are shrunk to 256 pixels where they are larger, cut to the inner face and pooled to the size
    of the recognition network.

    Args:
        network: `ArcFace`, or the preset of one.

    Call: two batches of aligned faces `(N, S, S, 3)` in [-1, 1]; the mean over the batch, in [0, 2].

    Example:
        >>> loss = IdentityLoss("mini_faces_arcface")
        >>> bool(loss(images, images) < 1e-5), bool(loss(images, images[::-1]) > 0.1)
        (True, True)
    """

    def __init__(self, network, name="id", **kwargs):
        super().__init__(name=name, **kwargs)
        self.network = network if isinstance(network, ArcFace) else ArcFace.from_preset(network)
        self.network.trainable = False

    def embed(self, images):
        """Returns unit-norm embeddings `(N, embedding_dim)` of aligned faces `(N, S, S, 3)`."""
        return self.network(recognition_input(images, self.network.image_size), training=False)

    def similarity(self, images, others):
        """Returns the cosine of each pair, `(N,)` in [-1, 1]."""
        return ops.sum(self.embed(images) * self.embed(others), axis=-1)

    def call(self, y_true, y_pred):
        return 1.0 - self.similarity(y_pred, y_true)

    def get_config(self):
        return {**super().get_config(), "network": keras.saving.serialize_keras_object(self.network)}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "network": keras.saving.deserialize_keras_object(config["network"])})
