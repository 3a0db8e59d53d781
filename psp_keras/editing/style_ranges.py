"""Which styles a method looks at."""

from psp_keras.errors import UserError
from psp_keras.values import is_whole


def check_styles(styles, num_styles):
    """Returns the styles in order, all of them where there is `None`.

    Raises:
        UserError: there is no such style.
    """
    if styles is None:
        return tuple(range(num_styles))
    if not styles or not all(is_whole(style, 0, num_styles - 1) for style in styles):
        raise UserError(f"`styles` must list styles from 0 to {num_styles - 1}, got {styles!r}.")
    return tuple(sorted(set(styles)))


def name_styles(styles):
    """Writes styles that are in order as they are typed.

    Example:
        >>> name_styles([0, 1, 2, 5])
        '0-2,5'
    """
    runs = []
    for style in styles:
        if runs and runs[-1][1] == style - 1:
            runs[-1][1] = style
        else:
            runs.append([style, style])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
