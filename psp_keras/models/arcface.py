import keras
from keras import ops

from psp_keras.layers.batch_normalization import BatchNormalization
from psp_keras.layers.ir_backbone import IRBackbone
from psp_keras.models.compiled_call import compiled
from psp_keras.models.preset import PresetModel
from psp_keras.ops.checks import MAX_WIDTH, check_shape, check_sizes


@keras.saving.register_keras_serializable(package="psp_keras")
class ArcFace(PresetModel):
    """Face recognition network: an image to a unit-norm identity embedding (Deng et al., CVPR 2019).

    The published `model_ir_se50` is `ArcFace()`.

    Args:
        image_size: pixels of the square input, 112 in the published network; a multiple of 16.
        embedding_dim: size of the embedding.
        num_layers: depth of the backbone, 10, 18, 34, 50, 100 or 152.
        squeeze_excite: IR-SE instead of IR.
        width: channels of the backbone's first stage.
        affine: whether the last batch norm has scale and offset.
        dropout: rate before the embedding, in training.

    Input shape: `(N, image_size, image_size, 3)`, RGB in [-1, 1]. Output shape: `(N, embedding_dim)`, float32.

    Example:
        >>> ArcFace(image_size=32, embedding_dim=64, num_layers=18, width=8)(np.zeros((2, 32, 32, 3))).shape
        (2, 64)
    """

    def __init__(
        self,
        image_size=112,
        embedding_dim=512,
        num_layers=50,
        squeeze_excite=True,
        width=64,
        affine=True,
        dropout=0.6,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_sizes(image_size=image_size, embedding_dim=embedding_dim)
        check_sizes(MAX_WIDTH, width=width)
        if image_size % 16:
            raise ValueError(f"`image_size` must be a multiple of 16, got {image_size}.")
        self.image_size = image_size
        self.embedding_dim = embedding_dim
        self.num_layers = num_layers
        self.squeeze_excite = squeeze_excite
        self.width = width
        self.affine = affine
        self.dropout_rate = dropout
        self.backbone = IRBackbone(num_layers, squeeze_excite, width, dtype=self.dtype_policy, name="backbone")
        self.feature_norm = BatchNormalization(dtype="float32", name="feature_norm")
        self.dropout = keras.layers.Dropout(dropout, dtype="float32", name="dropout")
        self.dense = keras.layers.Dense(embedding_dim, dtype="float32", name="dense")
        self.embedding_norm = BatchNormalization(center=affine, scale=affine, dtype="float32", name="embedding_norm")

    def build(self, input_shape=None):
        input_shape = input_shape or (None, self.image_size, self.image_size, 3)
        check_shape("images", input_shape, ("N", self.image_size, self.image_size, 3))
        self.backbone.build(input_shape)
        features = self.backbone.compute_output_shape(input_shape)[-1]
        self.feature_norm.build(features)
        self.dense.build((None, features[1] * features[2] * features[3]))
        self.embedding_norm.build((None, self.embedding_dim))
        self.built = True

    @compiled
    def call(self, images, training=False):
        features = self.feature_norm(self.backbone(images, training=training)[-1], training=training)
        flat = self.dropout(ops.reshape(features, (-1, self.dense.kernel.shape[0])), training=training)
        embedding = self.embedding_norm(self.dense(flat), training=training)
        return embedding * ops.rsqrt(ops.maximum(ops.sum(ops.square(embedding), axis=-1, keepdims=True), 1e-12))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.embedding_dim)

    def compute_output_spec(self, images, training=False):
        return keras.KerasTensor(self.compute_output_shape(images.shape), dtype="float32")

    def get_config(self):
        names = ("image_size", "embedding_dim", "num_layers", "squeeze_excite", "width", "affine")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
            "dropout": self.dropout_rate,
        }
