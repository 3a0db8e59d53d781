"""Which faces of a photo may be wanted. Imports nothing, so that `--help` is instant."""

FACES = ("largest", "all")
