"""What a translation task is: a plain declaration that imports no Keras."""

import dataclasses
import reprlib

from psp_keras.errors import UserError
from psp_keras.losses.terms import check_weights
from psp_keras.values import is_whole

_CHOICES = {
    "source": ("photo", "sketch", "segmentation"),
    "degrade": (None, "low_resolution", "mask"),
    "flip": ("none", "together", "independent"),
}
_STYLES = 18
FACTORS = (1, 2, 4, 8, 16, 32)  # of the published super-resolution
_CLASSES = 256  # labels are stored in 8 bits


def _is_text(value):
    return isinstance(value, str) and bool(value.strip())


def _is_list(value, is_item):
    return isinstance(value, (list, tuple)) and len(value) > 0 and all(map(is_item, value))


def _is_color(value):
    return _is_list(value, lambda level: is_whole(level, 0, 255)) and len(value) == 3


# What a field must be: a test, and the words for it.
_TYPES = {
    "name": (_is_text, "a text"),
    "paired": (lambda value: isinstance(value, bool), "true or false"),
    "losses": (lambda value: isinstance(value, dict), "weights by the names of loss terms"),
    "latent_mask": (
        lambda value: _is_list(value, lambda index: is_whole(index, 0, _STYLES - 1)),
        f"a list of styles, whole numbers from 0 to {_STYLES - 1}",
    ),
    "num_classes": (
        lambda value: value is None or is_whole(value, 2, _CLASSES),
        f"a whole number from 2 to {_CLASSES}",
    ),
    "colors": (
        lambda value: value is None or _is_list(value, _is_color),
        "a list of colours, each three whole numbers from 0 to 255",
    ),
    "factors": (
        lambda value: _is_list(value, lambda factor: is_whole(factor, 1)),
        "a list of whole numbers from 1",
    ),
    "mask": (_is_text, "random, center or the name of a picture file"),
}


@dataclasses.dataclass(frozen=True)
class Task:
    """One translation task: what the encoder sees, what the output is compared with, and how.

    Attributes:
        name: of the task.
        source: what the encoder reads: `"photo"` (3 channels), `"sketch"` (1) or `"segmentation"` (`num_classes`).
        paired: whether each source has a target picture of its own; else the source picture is the target.
        degrade: what is done to a photo before the encoder sees it: `"low_resolution"`, `"mask"` or nothing.
        flip: mirrors training pictures at random: `"together"` with their target, `"independent"`ly, or `"none"`.
        losses: weight of each loss term, see `PSPLoss`.
        latent_mask: styles that style mixing replaces by default, of the 18 of a 1024 generator.
        num_classes: labels in a segmentation map.
        colors: RGB of each label, for maps stored as coloured pictures.
        factors: what `"low_resolution"` shrinks by.
        mask: what `"mask"` hides: `"random"` rectangles, the `"center"`, or the white part of a picture file.

    Raises:
        UserError: a value is of the wrong type or out of its range, or of no use to the task.

    Example:
        >>> Task("night_to_day", paired=True, losses={"l2": 1.0, "lpips": 0.8, "moco": 0.5}).source_channels
        3
    """

    name: str
    source: str = "photo"
    paired: bool = False
    degrade: str | None = None
    flip: str = "together"
    losses: dict = dataclasses.field(default_factory=lambda: {"l2": 1.0, "lpips": 0.8, "id": 0.1})
    latent_mask: tuple = tuple(range(8, 18))
    num_classes: int | None = None
    colors: tuple | None = None
    factors: tuple = FACTORS
    mask: str = "random"

    def __post_init__(self):
        for field in ("latent_mask", "colors", "factors"):
            if isinstance(getattr(self, field), list):  # as JSON and YAML have it
                object.__setattr__(self, field, tuple(getattr(self, field)))
        self._check_types()
        check_weights(self.losses, f"Task {self.name}")
        if self.source == "segmentation" and not self.num_classes:
            self._refuse("segmentation maps need num_classes.")
        if self.degrade and self.source != "photo":
            self._refuse("only photos can be degraded.")
        if self.colors and self.num_classes and len(self.colors) != self.num_classes:
            self._refuse(f"colors must list {self.num_classes} colours, one for each class, got {len(self.colors)}.")
        for field, default, is_used, user in (
            ("num_classes", None, self.source == "segmentation", "source: segmentation"),
            ("colors", None, self.source == "segmentation", "source: segmentation"),
            ("factors", FACTORS, self.degrade == "low_resolution", "degrade: low_resolution"),
            ("mask", "random", self.degrade == "mask", "degrade: mask"),
        ):
            if getattr(self, field) != default and not is_used:
                self._refuse(f"{field} is of use with `{user}` only.")

    def _check_types(self):
        for field, (fits, wanted) in _TYPES.items():
            if not fits(getattr(self, field)):
                self._refuse(f"{field} must be {wanted}, got {reprlib.repr(getattr(self, field))}.")
        for field, choices in _CHOICES.items():
            value = getattr(self, field)
            if not any(value is choice or (isinstance(value, str) and value == choice) for choice in choices):
                self._refuse(f"{field} must be one of {choices}, got {reprlib.repr(value)}.")

    def _refuse(self, reason):
        name = self.name if _is_text(self.name) else reprlib.repr(self.name)
        raise UserError(f"Task {name}: {reason}")

    @property
    def source_channels(self):
        """Channels of what the encoder reads."""
        return {"photo": 3, "sketch": 1, "segmentation": self.num_classes}[self.source]

    def style_mask(self, num_styles):
        """`latent_mask` for a generator with another number of styles."""
        return sorted({index * num_styles // 18 for index in self.latent_mask})

    def get_config(self):
        """Returns the task as a dictionary, JSON-like; `Task(**config)` makes it again."""
        return dataclasses.asdict(self)
