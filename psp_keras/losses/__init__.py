"""What trains a pSp encoder."""

from typing import TYPE_CHECKING

from psp_keras.lazy import lazy_exports

if TYPE_CHECKING:  # what editors see of the names below
    from psp_keras.losses.identity_loss import IdentityLoss as IdentityLoss
    from psp_keras.losses.lpips import LPIPS as LPIPS
    from psp_keras.losses.moco_loss import MoCoLoss as MoCoLoss
    from psp_keras.losses.psp_loss import LossTerm as LossTerm
    from psp_keras.losses.psp_loss import PSPLoss as PSPLoss
    from psp_keras.losses.terms import TERMS as TERMS
    from psp_keras.losses.w_norm_loss import WNormLoss as WNormLoss

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
