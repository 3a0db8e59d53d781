"""`psp-keras directions read`: directions that others published, for a generator that is at hand."""

import dataclasses

from psp_keras.editing.known_generator import KnownGenerator
from psp_keras.editing.published_directions import read_published
from psp_keras.errors import UserError


def published_files(generator, name, paths):
    """Reads files of directions.

    Args:
        generator: `Generator` that the user says they are for.
        name: of it.
        paths: the files.

    Returns:
        `Direction`s.

    Raises:
        UserError: a file is damaged, or its directions do not fit the generator.
    """
    known, directions = KnownGenerator.of(generator, name), []
    for path in paths:
        for direction in read_published(path, generator.style_dim).values():
            try:
                directions.append(dataclasses.replace(direction, generator=known))
            except UserError as error:
                raise UserError(f"{path}: {error}") from error
    return directions
