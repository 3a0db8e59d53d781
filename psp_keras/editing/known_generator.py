"""Which generator a direction was found in."""

import dataclasses
import hashlib
import re

import numpy as np
from keras import ops

from psp_keras.errors import UserError
from psp_keras.option_kinds import check_whole


@dataclasses.dataclass(frozen=True)
class KnownGenerator:
    """What tells one generator's latent space from another's.

    The mapping network alone defines it: a generator whose synthesis was trained on keeps its directions.

    Attributes:
        name: preset or folder that it was loaded from.
        num_styles: how many styles it has.
        style_dim: size of each.
        mapping_sha256: of the float32 weights of its mapping network.
    """

    name: str
    num_styles: int
    style_dim: int
    mapping_sha256: str

    def __post_init__(self):
        check_whole(1, num_styles=self.num_styles, style_dim=self.style_dim)
        if not isinstance(self.name, str):
            raise UserError(f"`name` of a generator must be text, got {self.name!r}.")
        if not isinstance(self.mapping_sha256, str) or not re.fullmatch("[0-9a-f]{64}", self.mapping_sha256):
            raise UserError(f"`mapping_sha256` must be 64 hexadecimal digits, got {self.mapping_sha256!r}.")

    @classmethod
    def of(cls, generator, name):
        """Describes a `Generator`.

        Example:
            >>> generator = psp_keras.models.StyleGAN2Generator.from_preset("mini_faces_stylegan2")
            >>> KnownGenerator.of(generator, "mini_faces_stylegan2").style_dim
            128
        """
        digest = hashlib.sha256()
        for weight in generator.mapping.weights:
            digest.update(np.ascontiguousarray(ops.convert_to_numpy(weight), "<f4").tobytes())
        return cls(str(name), generator.num_styles, generator.style_dim, digest.hexdigest())
