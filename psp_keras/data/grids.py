"""Grids of pictures with titles, for looking at results."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_MARGIN = 4


def image_grid(
    rows: Sequence[Sequence[np.ndarray | None]],
    row_titles: Sequence[str] | None = None,
    column_titles: Sequence[str] | None = None,
    cell: int | None = None,
) -> np.ndarray:
    """Lays pictures out in a grid.

    Args:
        rows: list of rows, each a list of uint8 `(H, W, 3)` or `(H, W)` pictures; `None` leaves a cell empty.
        row_titles: a title for each row, written at its left.
        column_titles: a title for each column, written above.
        cell: size of a cell in pixels; by default that of the largest picture, at least 96.

    Returns:
        uint8 `(height, width, 3)`.
    """
    pictures = [picture for row in rows for picture in row if picture is not None]
    cell = cell or max(96, *(max(picture.shape[:2]) for picture in pictures))
    font = ImageFont.load_default(size=max(12, cell // 9))
    left = max((int(font.getlength(title)) for title in row_titles), default=0) + 3 * _MARGIN if row_titles else 0
    top = font.size + 3 * _MARGIN if column_titles else 0
    columns = max(len(row) for row in rows)
    step = cell + _MARGIN
    sheet = Image.new("RGB", (left + columns * step + _MARGIN, top + len(rows) * step + _MARGIN), "white")
    pen = ImageDraw.Draw(sheet)
    for x, title in enumerate(column_titles or []):
        narrow = font.font_variant(size=min(font.size, font.size * 0.95 * cell / font.getlength(title)))
        pen.text((left + x * step + step // 2, top - _MARGIN), title, "black", narrow, anchor="ms")
    for y, row in enumerate(rows):
        if row_titles:
            pen.text((_MARGIN, top + y * step + cell // 2), row_titles[y], "black", font, anchor="lm")
        for x, picture in enumerate(row):
            if picture is not None:
                sheet.paste(_fit(picture, cell), (left + x * step + _MARGIN, top + y * step + _MARGIN))
    return np.asarray(sheet)


def square_grid(images: np.ndarray) -> np.ndarray:
    """Lays uint8 `(N, H, W, 3)` out in about as many rows as columns, without gaps."""
    columns = int(np.ceil(np.sqrt(len(images))))
    rows = -(-len(images) // columns)
    _, height, width, channels = images.shape
    sheet = np.full((rows * columns, height, width, channels), 255, np.uint8)
    sheet[: len(images)] = images
    sheet = sheet.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    return sheet.reshape(rows * height, columns * width, channels)


def _fit(picture, cell):
    image = Image.fromarray(picture).convert("RGB")
    scale = cell / max(image.size)
    size = tuple(max(1, round(side * scale)) for side in image.size)
    return image.resize(size, Image.Resampling.BICUBIC if scale < 1 else Image.Resampling.NEAREST)
