"""What trains a pSp encoder."""

from psp_keras.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "identity_loss": "IdentityLoss",
        "lpips": "LPIPS",
        "moco_loss": "MoCoLoss",
        "psp_loss": "LossTerm PSPLoss",
        "terms": "TERMS",
        "w_norm_loss": "WNormLoss",
    },
)
