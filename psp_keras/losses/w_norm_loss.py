import keras
from keras import ops


@keras.saving.register_keras_serializable(package="psp_keras")
class WNormLoss(keras.losses.Loss):
    """Distance of the latents from the average latent (pSp, equation 3, L_reg).

    Call: the average latent, broadcastable to the latents, and latents `(N, num_styles, style_dim)`; the mean over
    the batch of each sample's Euclidean norm over all styles.

    Example:
        >>> float(WNormLoss()(np.zeros((1, 18, 512)), np.ones((2, 18, 512))))
        96.0
    """

    def __init__(self, name="w_norm", **kwargs):
        super().__init__(name=name, **kwargs)

    def call(self, y_true, y_pred):
        squares = ops.sum(ops.square(y_pred - y_true), axis=(1, 2))
        # Guarded: the gradient of a root is not finite at 0, where an untrained encoder may stand.
        return ops.sqrt(ops.maximum(squares, 1e-12))
