import numpy as np


def principal_axes(matrix):
    """Eigenvectors of a symmetric matrix, the largest eigenvalue first.

    The largest entry of each is positive: a method that knows no sign gives the same one again.

    Returns:
        `(values, vectors)`: `(d,)` and unit rows `(d, d)`.

    Example:
        >>> principal_axes(np.diag([1.0, 9.0]))[1]
        array([[0., 1.],
               [1., 0.]])
    """
    values, vectors = np.linalg.eigh(matrix)
    values, vectors = values[::-1], vectors.T[::-1]
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=1)[:, None], axis=1)
    return values, vectors * np.where(largest < 0, -1, 1)
