"""What is done to latents: finding those of a picture by optimisation, and moving them along directions."""

from typing import TYPE_CHECKING

from psp_keras.lazy import lazy_exports

if TYPE_CHECKING:  # what editors see of the names below
    from psp_keras.editing.direction import Direction as Direction
    from psp_keras.editing.direction_files import find_direction as find_direction
    from psp_keras.editing.direction_files import load_directions as load_directions
    from psp_keras.editing.direction_files import save_directions as save_directions
    from psp_keras.editing.edit_latents import edit as edit
    from psp_keras.editing.ganspace_directions import ganspace as ganspace
    from psp_keras.editing.ganspace_directions import read_ffhq_edits as read_ffhq_edits
    from psp_keras.editing.ganspace_directions import read_ganspace as read_ganspace
    from psp_keras.editing.interfacegan_directions import condition as condition
    from psp_keras.editing.interfacegan_directions import interfacegan as interfacegan
    from psp_keras.editing.interfacegan_directions import read_boundary as read_boundary
    from psp_keras.editing.known_generator import KnownGenerator as KnownGenerator
    from psp_keras.editing.projection import project_images as project_images
    from psp_keras.editing.published_directions import read_published as read_published
    from psp_keras.editing.score_files import read_scores as read_scores
    from psp_keras.editing.sefa_directions import sefa as sefa

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
