"""Principal components: the directions along which the rows of a matrix vary most."""

import numpy as np

# Share of the largest variance up to which a direction is rounding.
ROUNDING = 1e-10


def principal_components(x: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Sums of squares (r,), rising, along the r leading directions of centred (n, d), orthonormal columns (d, r).

    r is at most `most`, and fewer where further directions hold no more than ROUNDING of the largest; 0 where x is 0. By way
    of the smaller of the two Gram matrices, of which the leading eigenvectors are computed alone: of (1024, 64) 10
    directions take 1.1 ms, scikit-learn's PCA 4.4 ("covariance_eigh") or 7.2 ("full"); of (256, 784) 2 take 6, 190 or 58.
    Phase 2 does it for every layer and step.
    """
    from scipy.linalg import eigh

    n, d = x.shape
    gram = x @ x.T if d > n else x.T @ x
    r = min(most, len(gram))
    if not r or not gram.any():
        return np.empty(0), np.empty((d, 0))
    squares, vectors = eigh(gram, subset_by_index=[len(gram) - r, len(gram) - 1])
    keep = squares > ROUNDING * squares[-1]
    squares, vectors = squares[keep], vectors[:, keep]
    return squares, x.T @ vectors / np.sqrt(squares) if d > n else vectors
