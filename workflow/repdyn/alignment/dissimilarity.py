"""How unlike the responses to two stimuli are, for every pair of stimuli; and how alike two such lists are."""

import numpy as np

from repdyn.errors import StudyError


def squared_distances(x: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances of the rows of (n, d), by feature: (n (n - 1) / 2,), in the order of triu_indices."""
    x = _rows(x)
    return _upper(_of_gram(x @ x.T)) / x.shape[1]


def correlation_distances(x: np.ndarray) -> np.ndarray:
    """1 - r of the rows of (n, d), likewise. StudyError for a row that does not vary."""
    x = _rows(x)
    x = x - x.mean(1, keepdims=True)
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    if not (norms > 0).all():
        raise StudyError("a stimulus to which all units answer alike correlates with none")
    x = x / norms
    return _upper(1 - x @ x.T)


def crossnobis(responses: np.ndarray) -> np.ndarray:
    """Cross-validated Mahalanobis distances (Walther 2016) of responses (repeats, n, d): (n (n - 1) / 2,), by unit.

    Differences of two stimuli in one repeat times those in another, over all pairs of repeats, so that noise averages to 0:
    negative values occur. Noise is whitened by its covariance over repeats, shrunk (Ledoit & Wolf 2004). StudyError for one
    repeat, and where nothing differs between repeats.
    """
    from sklearn.covariance import ledoit_wolf

    responses = np.asarray(responses, dtype=np.float64)
    if responses.ndim != 3 or not np.isfinite(responses).all():
        raise StudyError(f"finite responses (repeats, stimuli, units) are needed, found shape {responses.shape}")
    repeats, n, d = responses.shape
    if repeats < 2 or n < 2:
        raise StudyError(f"cross-validated distances need two repeats of two stimuli, found {repeats} of {n}")
    residuals = (responses - responses.mean(0)).reshape(-1, d) * np.sqrt(repeats / (repeats - 1))
    if not residuals.any():
        raise StudyError("the repeats are equal: there is no noise by which distances could be measured")
    squares, directions = np.linalg.eigh(ledoit_wolf(residuals, assume_centered=True)[0])
    white = responses @ (directions / np.sqrt(squares))
    total = white.sum(0)
    gram = total @ total.T - np.einsum("rid,rjd->ij", white, white, optimize=True)
    return _upper(_of_gram(gram)) / (repeats * (repeats - 1) * d)


def rank_similarity(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's correlation of two lists of dissimilarities. StudyError where one does not vary."""
    return float(unit_ranks(a) @ unit_ranks(b))


def tau_a(a: np.ndarray, b: np.ndarray) -> float:
    """Kendall's tau-a: pairs in the same order less pairs in the other, over all pairs, ties among them.

    For models that predict ties: tau-b and Spearman's correlation prefer these (Nili 2014).
    """
    from scipy.stats import kendalltau

    a, b = _list(a), _list(b)
    if len(a) != len(b):
        raise StudyError(f"two lists of the same pairs are needed, found {len(a)} and {len(b)}")
    pairs = len(a) * (len(a) - 1) / 2
    untied = [pairs - sum(k * (k - 1) / 2 for k in np.unique(each, return_counts=True)[1]) for each in (a, b)]
    return float(kendalltau(a, b).statistic * np.sqrt(untied[0] * untied[1]) / pairs)


def unit_ranks(distances: np.ndarray) -> np.ndarray:
    """Ranks of (m,) with mean 0 and length 1: the product of two is Spearman's correlation."""
    from scipy.stats import rankdata

    ranks = rankdata(_list(distances))
    ranks -= ranks.mean()
    return ranks / np.linalg.norm(ranks)


def square(distances: np.ndarray) -> np.ndarray:
    """(n (n - 1) / 2,) as (n, n), 0 on the diagonal."""
    from scipy.spatial.distance import squareform

    return squareform(distances, checks=False)


def _rows(x: np.ndarray) -> np.ndarray:
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 2 or len(x) < 3 or not np.isfinite(x).all():
        raise StudyError(f"a finite matrix with a row per stimulus, three or more, is needed, found shape {x.shape}")
    return x


def _list(distances: np.ndarray) -> np.ndarray:
    distances = np.asarray(distances, dtype=np.float64)
    if distances.ndim != 1 or not np.isfinite(distances).all() or len(np.unique(distances)) < 2:
        raise StudyError("dissimilarities need to be a list of finite numbers that are not all the same")
    return distances


def _of_gram(gram: np.ndarray) -> np.ndarray:
    own = gram.diagonal()
    return own[:, None] + own - gram - gram.T


def _upper(matrix: np.ndarray) -> np.ndarray:
    return matrix[np.triu_indices(len(matrix), 1)]
