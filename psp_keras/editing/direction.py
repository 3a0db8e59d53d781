"""One idea of a direction, wherever it comes from."""

import dataclasses
import re

import numpy as np

from psp_keras.editing.known_generator import KnownGenerator
from psp_keras.errors import UserError
from psp_keras.values import is_number, is_whole

_NAME = re.compile(r"\w[\w.,+-]*")
SHOWN = (-3.0, 3.0)


@dataclasses.dataclass(frozen=True, eq=False)
class Direction:
    """What an edit adds to the styles of a latent.

    Attributes:
        name: letters, digits, `_`, `-`, `.`, `+` and `,`.
        step: what strength 1 adds: `(style_dim,)` to each of the styles, or `(num_styles, style_dim)`.
        styles: indices of the styles it changes; all without them.
        range: smallest and largest strength worth showing; others are allowed.
        method: what found it.
        generator: the `KnownGenerator` it was found in, where that is known.
        center: `(style_dim,)`: with it a strength says where the edit ends, measured from there along a
            `step` of `(style_dim,)`, and not how far it goes. GANSpace's centred edits have the mean of w here.

    Raises:
        UserError: an attribute is not as described.

    Example:
        >>> smile = Direction("smile", np.ones(128), styles=[4, 5], method="by hand")
        >>> smile.on([4]).offsets(10).sum(axis=1)
        array([  0.,   0.,   0.,   0., 128.,   0.,   0.,   0.,   0.,   0.], dtype=float32)
    """

    name: str
    step: np.ndarray
    styles: tuple | None = None
    range: tuple = SHOWN
    method: str = ""
    generator: KnownGenerator | None = None
    center: np.ndarray | None = None

    def __post_init__(self):
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise UserError(f"A direction's `name` must be letters, digits and _-.+, alone, got {self.name!r}.")
        if not isinstance(self.method, str):
            self._refuse("`method` must be text")
        self._set("step", self._array("step", self.step, (1, 2)))
        if self.center is not None:
            self._set("center", self._array("center", self.center, (1,)))
            if self.center.shape != self.step.shape or not self.step.any():
                self._refuse("`center` needs a `step` of its own shape that is not 0")
        if self.styles is not None:
            self._set("styles", self._checked_styles())
        self._set("range", self._checked_range())
        if self.generator is not None:
            self.check_shape(self.generator.num_styles, self.generator.style_dim)

    @property
    def style_dim(self):
        """Size of the styles it fits."""
        return self.step.shape[-1]

    def on(self, styles):
        """The same direction on these styles alone, such as `[4, 5]`."""
        return dataclasses.replace(self, styles=tuple(styles))

    def offsets(self, num_styles):
        """What strength 1 adds to each style, float32 `(num_styles, style_dim)`."""
        self.check_shape(num_styles, self.style_dim)
        changed = np.zeros((num_styles, 1), "float32")
        changed[slice(None) if self.styles is None else list(self.styles)] = 1
        return changed * self.step

    def check_shape(self, num_styles, style_dim):
        """Raises a `UserError` unless it fits latents of so many styles of that size."""
        if self.style_dim != style_dim:
            self._refuse(f"it is for styles of size {self.style_dim}, these have {style_dim}")
        if self.step.ndim == 2 and len(self.step) != num_styles:
            self._refuse(f"it is for {len(self.step)} styles, not for {num_styles}")
        if self.styles and max(self.styles) >= num_styles:
            self._refuse(f"it changes style {max(self.styles)}, but there are styles 0 to {num_styles - 1}")

    def check_generator(self, generator):
        """Raises a `UserError` unless it fits a `KnownGenerator`, and was found in that latent space if it says so."""
        self.check_shape(generator.num_styles, generator.style_dim)
        if self.generator is not None and self.generator.mapping_sha256 != generator.mapping_sha256:
            self._refuse(f"it was found in {self.generator.name}, whose latent space is not that of {generator.name}")

    def _array(self, field, value, dimensions):
        try:
            array = np.array(value, "float32")
        except (TypeError, ValueError):
            self._refuse(f"`{field}` must be numbers")
        if array.ndim not in dimensions or not array.size or not np.isfinite(array).all():
            self._refuse(f"`{field}` must be finite numbers, (style_dim,) or (num_styles, style_dim)")
        return array

    def _checked_styles(self):
        listed = isinstance(self.styles, (list, tuple, range))
        if not listed or not self.styles or not all(is_whole(style, 0) for style in self.styles):
            self._refuse("`styles` must list styles, whole numbers from 0")
        return tuple(sorted(set(map(int, self.styles))))

    def _checked_range(self):
        pair = isinstance(self.range, (list, tuple)) and len(self.range) == 2 and all(map(is_number, self.range))
        if not pair or self.range[0] >= self.range[1]:
            self._refuse("`range` must be two rising numbers")
        return tuple(map(float, self.range))

    def _set(self, field, value):
        object.__setattr__(self, field, value)  # frozen, but this is still its construction

    def _refuse(self, reason):
        raise UserError(f"The direction {self.name}: {reason}.")
