"""Two folders of pictures, matched by file name."""

import zlib
from pathlib import Path

from psp_keras.data.image_files import list_images
from psp_keras.errors import UserError


def match_pairs(source, target, on_unmatched):
    """Pairs the pictures of two folders by their name below the folder, without extension.

    Args:
        source: folder of sources.
        target: folder of targets.
        on_unmatched: called with a line for each file that is left out.

    Returns:
        `(source path, target path)` pairs, sorted by name.

    Raises:
        UserError: a folder is missing, or no name stands in both.
    """
    sources, targets = (_by_name(Path(folder), on_unmatched) for folder in (source, target))
    for names, others, folder in ((sources, targets, target), (targets, sources, source)):
        for name in sorted(names.keys() - others.keys()):
            on_unmatched(f"{names[name]} has no partner in {folder}.")
    common = sorted(sources.keys() & targets.keys())
    if not common:
        raise UserError(f"No file in {source} has the name of one in {target} (extensions do not count).")
    return [(sources[name], targets[name]) for name in common]


def held_out(name, percent=5):
    """Whether a file belongs to the validation part: decided by a hash of its name, the same on every machine."""
    return zlib.crc32(str(name).encode()) % 100 < percent


def _by_name(folder, on_unmatched):
    names = {}
    for path in list_images(folder):
        name = path.relative_to(folder).with_suffix("").as_posix()
        if name in names:
            on_unmatched(f"{path} has the same name as {names[name]}.")
        else:
            names[name] = path
    return names
