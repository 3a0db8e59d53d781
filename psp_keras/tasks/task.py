"""What a translation task is."""

import dataclasses

from psp_keras.data.low_resolution import FACTORS
from psp_keras.data.photo import Photo
from psp_keras.data.segmentation import Segmentation
from psp_keras.data.sketch import Sketch
from psp_keras.errors import UserError
from psp_keras.losses.psp_loss import TERMS

_CHOICES = {
    "source": ("photo", "sketch", "segmentation"),
    "degrade": (None, "low_resolution", "mask"),
    "flip": ("none", "together", "independent"),
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
        UserError: a value is not known.

    Example:
        >>> Task("night_to_day", paired=True, losses={"l2": 1.0, "lpips": 0.8, "moco": 0.5})
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
        for field, choices in _CHOICES.items():
            if getattr(self, field) not in choices:
                raise UserError(f"Task {self.name}: {field} must be one of {choices}, got {getattr(self, field)!r}.")
        unknown = sorted(set(self.losses) - set(TERMS))
        if unknown:
            raise UserError(f"Task {self.name}: there is no loss {unknown[0]!r}, only {', '.join(TERMS)}.")
        if self.source == "segmentation" and not self.num_classes:
            raise UserError(f"Task {self.name}: segmentation maps need num_classes.")
        if self.degrade and self.source != "photo":
            raise UserError(f"Task {self.name}: only photos can be degraded.")

    def open_source(self):
        """Returns what reads source files: `Photo`, `Sketch` or `Segmentation`."""
        if self.source == "segmentation":
            return Segmentation(self.num_classes, self.colors)
        return Sketch() if self.source == "sketch" else Photo()

    def style_mask(self, num_styles):
        """`latent_mask` for a generator with another number of styles."""
        return sorted({index * num_styles // 18 for index in self.latent_mask})

    def get_config(self):
        """Returns the task as a dictionary, JSON-like; `Task(**config)` makes it again."""
        return dataclasses.asdict(self)
