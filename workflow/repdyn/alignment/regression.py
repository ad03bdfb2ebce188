"""Encoding models: responses predicted from features by regressions whose strength is chosen on other stimuli."""

from collections.abc import Callable

import numpy as np

from repdyn.alignment.ceiling import correlated
from repdyn.alignment.folds import Splits, random_folds, require_rows

ALPHAS = np.logspace(-1, 5, 7)  # ridges, of standardised features
COMPONENTS = 20  # of partial least squares, at most
INNER = 3
Fit = Callable[[np.ndarray, np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


def predictions(x: np.ndarray, y: np.ndarray, splits: Splits, fit: Fit, rng: np.random.Generator) -> np.ndarray:
    """Responses (n, units) to each stimulus from features x (n, d), of models that were fitted without it.

    fit: `ridge` or `partial_least_squares`, which choose their strength on the stimuli that they are fitted to. splits: of
    `folds`. Features are standardised by those stimuli. NaN where a stimulus is in no fold.
    """
    x, y = require_rows(x, y)
    found = np.full(y.shape, np.nan)
    for train, test in splits:
        mean, spread = x[train].mean(0), x[train].std(0)
        varies = spread > 1e-9 * max(spread.max(), 1e-300)
        if not varies.any():
            found[test] = y[train].mean(0)
            continue
        own, other = ((x[rows][:, varies] - mean[varies]) / spread[varies] for rows in (train, test))
        found[test] = fit(own, y[train], other, rng)
    return found


def ridge(x: np.ndarray, y: np.ndarray, other: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
    """Predictions (m, units) for `other` (m, d) of a ridge regression (Hoerl & Kennard 1970) fitted to x (n, d) and y
    (n, units); of ALPHAS each unit has the one that does best where each stimulus in turn is left out."""
    from sklearn.linear_model import RidgeCV

    return RidgeCV(ALPHAS, alpha_per_target=True).fit(x, y).predict(other).reshape(len(other), y.shape[1])


def partial_least_squares(x: np.ndarray, y: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same of partial least squares (Wold 1975), with as many components, COMPONENTS at most, as predict best in INNER
    folds."""
    most = min(COMPONENTS, x.shape[1], len(x) * (INNER - 1) // INNER - 1)
    errors = np.zeros(most)
    for train, test in random_folds(len(x), rng, INNER):
        each = _by_components(x[train], y[train], x[test], most)
        errors += np.square(each - y[test]).sum(axis=(1, 2))
    best = int(np.argmin(errors)) + 1
    return _by_components(x, y, other, best)[-1]


def accuracy(y: np.ndarray, predicted: np.ndarray, splits: Splits) -> np.ndarray:
    """Correlations (units,) of predictions and responses over held-out stimuli, means over the folds in which the
    unit varies: 0 in one in which only the prediction does not, NaN for a unit that varies in none.

    Within folds, because predictions of the mean of the others would correlate negatively over all of them.
    """
    found = []
    for _, test in splits:
        r = correlated(predicted[test], y[test])
        silent = np.isnan(correlated(y[test], y[test]))
        found.append(np.where(np.isnan(r) & ~silent, 0, r))
    varying = np.isfinite(found).sum(0)
    return np.divide(np.nansum(found, axis=0), varying, out=np.full(y.shape[1], np.nan), where=varying > 0)


def explained(y: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """R^2 (units,): 1 less the squared error over the variance; below 0 for what is worse than the mean."""
    y, predicted = require_rows(y, predicted)
    return 1 - np.square(y - predicted).sum(0) / np.square(y - y.mean(0)).sum(0)


def shuffled_accuracy(
    x: np.ndarray, y: np.ndarray, splits: Splits, fit: Fit, rng: np.random.Generator, draws: int
) -> np.ndarray:
    """Mean `accuracy` over units where the responses belong to other stimuli, drawn at random: (draws,)."""
    orders = (rng.permutation(len(x)) for _ in range(draws))
    found = [accuracy(y, predictions(x[order], y, splits, fit, rng), splits) for order in orders]
    return np.array([float(np.mean(each)) for each in found])


def _by_components(x: np.ndarray, y: np.ndarray, other: np.ndarray, most: int) -> np.ndarray:
    """Predictions of models of 1 to `most` components: (components, m, units). All come from one fit."""
    from sklearn.cross_decomposition import PLSRegression

    fitted = PLSRegression(most, scale=False, max_iter=500, tol=1e-6).fit(x, y)
    scores = (other - x.mean(0)) @ fitted.x_rotations_
    parts = scores.T[:, :, None] * fitted.y_loadings_.T[:, None, :]
    return y.mean(0) + np.cumsum(parts, axis=0)
