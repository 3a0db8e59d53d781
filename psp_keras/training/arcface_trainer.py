import math

import keras
from keras import ops

from psp_keras.ops.face_regions import recognition_input


class ArcFaceTrainer(keras.Model):
    """Teaches an `ArcFace` to tell identities apart with an additive angular margin (Deng et al., CVPR 2019, eq. 3).

    Args:
        network: the `ArcFace`, built.
        num_identities: how many people the training set has.
        margin: angle in radians added between a face and its own identity.
        scale: of the cosines before the softmax.

    `fit` takes `(aligned faces (N, S, S, 3) in [-1, 1], identity numbers (N,))`.
    """

    def __init__(self, network, num_identities, margin=0.3, scale=24.0, **kwargs):
        super().__init__(**kwargs)
        self.network = network
        self.margin = margin
        self.scale = scale
        self.centers = self.add_weight(name="centers", shape=(num_identities, network.embedding_dim))
        self.accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        self.built = True

    def call(self, images, training=False):
        return self.network(recognition_input(images, self.network.image_size), training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        cosines = ops.matmul(y_pred, ops.transpose(ops.normalize(self.centers, axis=-1)))
        own = ops.cast(ops.one_hot(y, cosines.shape[-1]), cosines.dtype)
        self.accuracy.update_state(y, cosines)
        logits = self.scale * (cosines + own * (self._with_margin(cosines) - cosines))
        return ops.mean(keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True))

    def _with_margin(self, cosines):
        sines = ops.sqrt(ops.maximum(1 - ops.square(cosines), 1e-6))
        return cosines * math.cos(self.margin) - sines * math.sin(self.margin)

    @property
    def metrics(self):
        return [self.accuracy]
