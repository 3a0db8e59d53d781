import numpy as np

NEIGHBOURS = 3  # the k of the paper


def precision_recall(real: np.ndarray, generated: np.ndarray, neighbours: int = NEIGHBOURS) -> tuple[float, float]:
    """How much of what is generated looks real, and how much of what is real is generated (Kynkäänniemi et al. 2019).

    A picture counts where it lies within the reach of any picture of the other set: as far as that one's k-th nearest
    neighbour in its own set (equation 1).

    Args:
        real: features of real pictures, `(N, D)`, N above `neighbours`.
        generated: features of generated ones, `(M, D)`, M above `neighbours`.
        neighbours: k.

    Returns:
        `(precision, recall)`, each in [0, 1].

    Example:
        >>> real = np.random.default_rng(0).normal(size=(100, 2))
        >>> precision_recall(real, real[:50])  # a half of it, which reaches over most of the other half
        (1.0, 0.98)
    """
    between = _distances(real, generated)
    precision = np.mean(np.any(between <= _reach(real, neighbours)[:, None], axis=0))
    recall = np.mean(np.any(between <= _reach(generated, neighbours)[None], axis=1))
    return float(precision), float(recall)


def _reach(features, neighbours):
    """How far each picture is from its k-th nearest neighbour; the nearest of all is the picture itself."""
    return np.partition(_distances(features, features), neighbours, axis=1)[:, neighbours]


def _distances(features, others):
    """Squared distances between all pairs, `(N, M)`."""
    features, others = (np.asarray(x, "float64") for x in (features, others))
    squares = np.sum(features**2, axis=1)[:, None] + np.sum(others**2, axis=1)[None]
    return np.maximum(squares - 2 * features @ others.T, 0)
