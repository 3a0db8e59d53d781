"""What is done to latents: finding those of a picture by optimisation, and moving them along directions."""

from psp_keras.lazy import lazy_exports

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
