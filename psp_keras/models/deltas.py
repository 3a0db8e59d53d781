"""The latents of e4e: one code for every style, and what single styles add to it (Tov et al., 2021, section 3.2)."""

from keras import ops


def add_deltas(codes, num_styles):
    """Adds deltas to the first code.

    Args:
        codes: w_0, then the delta of every style from 1, `(N, style_dim)` each. Styles past the end have none.
        num_styles: number of styles.

    Returns:
        w_plus `(N, num_styles, style_dim)`.
    """
    first, *deltas = codes
    return ops.stack([first, *(first + delta for delta in deltas), *[first] * (num_styles - len(codes))], axis=1)
