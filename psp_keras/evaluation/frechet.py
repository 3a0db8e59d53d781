import numpy as np


def frechet_distance(features: np.ndarray, others: np.ndarray) -> float:
    """Compares two sets of pictures: the Frechet distance of Gaussians fitted to their features (Heusel et al. 2017).

    Args:
        features: of one set, `(N, D)`, N at least 2.
        others: of the other, `(M, D)`, M at least 2.

    Returns:
        The distance, 0 for equal sets. It falls as the sets grow, so compare values of equal sizes only, and of one
        network.

    Example:
        >>> round(frechet_distance(np.eye(4), np.eye(4) + 1.0), 3)  # the means are 2 apart
        4.0
    """
    (mean, covariance), (other_mean, other_covariance) = _statistics(features), _statistics(others)
    roots = np.sqrt(np.maximum(np.linalg.eigvals(covariance @ other_covariance).real, 0))
    distance = np.sum((mean - other_mean) ** 2)
    return float(distance + np.trace(covariance) + np.trace(other_covariance) - 2 * roots.sum())


def _statistics(features):
    features = np.asarray(features, "float64")
    return features.mean(axis=0), np.cov(features, rowvar=False)
