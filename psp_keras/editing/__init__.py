"""What is done to latents: finding those of a picture by optimisation, and moving them along directions."""

from typing import TYPE_CHECKING

from psp_keras.lazy import lazy_exports

if TYPE_CHECKING:  # what editors see of the names below
    from psp_keras.editing.projection import project_images as project_images

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "direction": "Direction",
        "direction_files": "find_direction load_directions save_directions",
        "edit_latents": "edit",
        "ganspace_directions": "ganspace read_ffhq_edits read_ganspace",
        "interfacegan_directions": "condition interfacegan read_boundary",
        "known_generator": "KnownGenerator",
        "projection": "project_images",
        "published_directions": "read_published",
        "score_files": "read_scores",
        "sefa_directions": "sefa",
    },
)
