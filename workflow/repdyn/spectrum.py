"""Spectra of representation matrices and the measures of dimensionality that are read off them.

A representation matrix A has n rows (examples or tokens) and d columns (features). Columns are centred, the matrix is
divided by max|a|, and the eigenvalues l of the Gram matrix on the smaller side stand for the spectrum: l_i = sigma_i^2.
Every measure is invariant to the scale of A. A matrix whose columns are all constant has no spectrum: NaN.

Matrices come in batches (B, n, d), because a thousand small matrices one by one cost mostly interpreter time.
"""

import numpy as np
import torch

LEADING = ("stable_rank", "participation_ratio")
FULL = ("effective_rank", "rank_90", "nuclear_norm_ratio")

# Spread relative to max|a| below which float32 activations are rounding noise around a constant.
CONSTANT = 1e-5
# Side of the blocks in which a Gram matrix is multiplied.
BLOCK = 64
# Side up to which LAPACK finds a largest eigenvalue faster than Lanczos.
DENSE = 64
# Largest Krylov space, steps between checks of convergence, and the relative residual that counts as converged.
KRYLOV = 40
CHECK = 5
RESIDUAL = 5e-6


def leading_measures(matrices: torch.Tensor) -> dict[str, np.ndarray]:
    """Stable rank and participation ratio, centred and uncentred, of a batch (B, n, d); each (B,) float64.

    Stable rank ||A||_F^2 / ||A||_2^2 (Vershynin 2010, section 7); participation ratio (sum l)^2 / sum l^2. Neither needs a
    decomposition: tr G, ||G||_F and the largest eigenvalue of G suffice, in the precision of the input. Those of the
    uncentred G + L R^T follow from G without forming it: tr G + <L, R>, and ||G||_F^2 + 2 <G L, R> + <L^T L, R^T R>.
    """
    gram, left, right, constant = gram_matrices(matrices)
    trace = torch.stack([_trace(gram), (left * right).sum((1, 2))]).double().cumsum(0)
    square = torch.linalg.vector_norm(gram, dim=2).double().square().sum(1)
    mixed = (torch.bmm(gram, left) * right).sum((1, 2)).double()
    left, right = left.double(), right.double()
    own = (left.transpose(1, 2) @ left * (right.transpose(1, 2) @ right)).sum((1, 2))
    square = torch.stack([square, square + 2 * mixed + own])
    largest = largest_eigenvalues(gram, left.to(gram.dtype), right.to(gram.dtype))
    measures = {}
    for name, value in {"stable_rank": trace / largest, "participation_ratio": trace**2 / square}.items():
        measures[name], measures[name + "_uncentred"] = torch.where(constant, torch.nan, value).numpy()
    return measures


def full_measures(matrices: torch.Tensor) -> dict[str, np.ndarray]:
    """Effective rank, rank at 90 % of variance and nuclear-norm ratio, centred and uncentred; each (B,) float64.

    These need the whole spectrum, taken in float64: in float32 the small singular values are rounding noise that adds up
    in the nuclear norm. Effective rank exp(H(l / sum l)) is Roy & Vetterli 2007 on variances.
    """
    centred, left, right, constant = gram_matrices(matrices.double())
    measures = {}
    for suffix, gram in (("", centred), ("_uncentred", uncentred_gram(centred, left, right))):
        for name, value in measures_of_spectrum(eigenvalues(gram)).items():
            measures[name + suffix] = np.where(constant.numpy(), np.nan, value)
    return measures


def measures_of_spectrum(spectrum: np.ndarray) -> dict[str, np.ndarray]:
    """Effective rank, rank at 90 % of variance and nuclear-norm ratio of eigenvalues (B, m), largest first; each (B,)."""
    total = spectrum.sum(-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = spectrum / total
        entropy = -np.where(share > 0, share * np.log(share), 0.0).sum(-1)
        singular = np.sqrt(spectrum)
        nuclear = singular.sum(-1) / singular[:, 0]
    # A cumulative sum in floating point may fall short of the total by rounding; 1e-12 keeps exact ties on the right side.
    rank = (np.cumsum(share, -1) < 0.9 - 1e-12).sum(-1) + 1.0
    return {"effective_rank": np.exp(entropy), "rank_90": rank, "nuclear_norm_ratio": nuclear}


def gram_matrices(matrices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Centred Gram matrices G on the smaller side of a batch (B, n, d), m = min(n, d): (B, m, m); L and R (B, m, r), with
    which the uncentred ones are G + L R^T; and which matrices have no spectrum (B,): all columns constant, or values that
    are not finite.

    Adding terms of the mean is stable where subtracting them from an uncentred Gram would cancel. Scaling is by the power of
    two next to max|a|, which rounds nothing.
    """
    n, d = matrices.shape[1:]
    largest = torch.maximum(matrices.amax((1, 2)), -matrices.amin((1, 2)))
    finite = torch.isfinite(largest)
    if not finite.all():
        matrices = torch.where(finite[:, None, None], matrices, 0)
        largest = torch.where(finite, largest, 0)
    scale = torch.ldexp(torch.ones_like(largest), -torch.frexp(largest).exponent)[:, None, None]
    mean = matrices.mean(1, keepdim=True) * scale
    rows = torch.addcmul(-mean, matrices, scale)
    if d <= n:
        gram = own_products(rows.transpose(1, 2))
        left = mean.transpose(1, 2)
        right = n * left
    else:
        gram = own_products(rows)
        projection = rows @ mean.transpose(1, 2)
        ones = torch.ones_like(projection)
        left = torch.cat([projection, ones], 2)
        right = torch.cat([ones, projection + (mean * mean).sum(-1, keepdim=True)], 2)
    # The trace is the squared distance to the mean, summed over entries; max|a| is one half to one.
    constant = _trace(gram) <= n * CONSTANT**2
    return gram, left, right, constant


def own_products(rows: torch.Tensor) -> torch.Tensor:
    """A A^T of each matrix of a batch (B, m, k), exactly symmetric: (B, m, m). Blocks above the diagonal are mirrored, which
    saves up to half of the multiplications.
    """
    size = rows.shape[1]
    if size <= BLOCK:
        return rows @ rows.transpose(1, 2)
    products = rows.new_empty(len(rows), size, size)
    for i in range(0, size, BLOCK):
        j = min(i + BLOCK, size)
        torch.bmm(rows[:, i:j], rows[:, i:].transpose(1, 2), out=products[:, i:j, i:])
        products[:, j:, i:j] = products[:, i:j, j:].transpose(1, 2)
    return products


def uncentred_gram(gram: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    return torch.baddbmm(gram, left, right.transpose(1, 2))


def eigenvalues(gram: torch.Tensor) -> np.ndarray:
    """Eigenvalues of symmetric positive semidefinite matrices (B, m, m), largest first, rounding below zero set to zero."""
    return np.linalg.eigvalsh(gram.numpy())[:, ::-1].clip(min=0)


def largest_eigenvalues(gram: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Largest eigenvalue of symmetric positive semidefinite matrices G (B, m, m) and of G + L R^T; (2, B) float64.

    Small matrices go to LAPACK. Others to Lanczos with full reorthogonalisation from one fixed start vector, both kinds side
    by side, so that G is read once for the two. Some eigenvalue lies within the residual of a Ritz value (Parlett 1998,
    section 4.5); that it is the largest needs a start vector not orthogonal to the first eigenvector to within RESIDUAL /
    (relative gap to the second), hence a tolerance far below the accuracy wanted. What does not converge goes to LAPACK.
    """
    count, size, _ = gram.shape
    if size <= DENSE:
        return _by_lapack(gram, left, right)
    value = torch.full((2, count), torch.nan, dtype=torch.float64)
    remaining = torch.arange(count)
    start = torch.from_numpy(np.random.default_rng(0).standard_normal(size)).to(gram.dtype)
    # Vectors are rows, which multiply faster in batches: first those of G, then those of G + L R^T.
    vector = (start / start.norm()).expand(count, 2, size)
    basis, alphas, betas = (gram.new_zeros(count, 2, *shape) for shape in ((KRYLOV, size), (KRYLOV,), (KRYLOV,)))
    previous = torch.zeros_like(vector)
    for k in range(KRYLOV):
        basis[:, :, k] = vector
        product = torch.bmm(vector, gram)
        product[:, 1:].baddbmm_(torch.bmm(vector[:, 1:], left), right.transpose(1, 2))
        alpha = (product * vector).sum(2, keepdim=True)
        product -= alpha * vector
        if k:
            product -= betas[:, :, k - 1, None] * previous
        # The recurrence leaves rounding noise along all earlier vectors.
        known = basis[:, :, : k + 1].flatten(0, 1)
        flat = product.view(-1, 1, size)
        flat.baddbmm_(torch.bmm(flat, known.transpose(1, 2)), known, alpha=-1)
        beta = torch.linalg.vector_norm(product, dim=2)
        alphas[:, :, k], betas[:, :, k] = alpha[:, :, 0], beta
        previous, vector = vector, product / torch.where(beta > 0, beta, torch.inf)[:, :, None]
        if (k + 1) % CHECK == 0:
            ritz, residual = largest_ritz(alphas[:, :, : k + 1].double().numpy(), betas[:, :, : k + 1].double().numpy())
            # Not a number: a matrix of zeros.
            converged = torch.from_numpy(~(residual > RESIDUAL * ritz)).T
            found = value[:, remaining]
            found = torch.where(found.isnan() & converged, torch.from_numpy(ritz).T, found)
            value[:, remaining] = found
            left_over = found.isnan().any(0)
            if not left_over.any():
                return value
            if not left_over.all():
                remaining, gram, left, right = (part[left_over] for part in (remaining, gram, left, right))
                vector, previous, basis = vector[left_over], previous[left_over], basis[left_over]
                alphas, betas = alphas[left_over], betas[left_over]
    found = value[:, remaining]
    value[:, remaining] = torch.where(found.isnan(), _by_lapack(gram, left, right), found)
    return value


def _by_lapack(gram: torch.Tensor, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    # numpy's, in double precision: MKL's single one, which torch calls, fails for one in some hundred matrices of rank one.
    both = torch.stack([gram, uncentred_gram(gram, left, right)])
    return torch.from_numpy(np.linalg.eigvalsh(both.double().numpy())[..., -1].copy())


def largest_ritz(alphas: np.ndarray, betas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Largest eigenvalue of the tridiagonal matrices T with diagonals (..., k) and off-diagonals (..., :k - 1), and its
    residual: betas[..., k - 1] times the last entry of its eigenvector; each of the shape (...).

    The eigenvector backwards from its last entry, which is stable where that entry is small: the pivots p of (l - T) from
    below give the ratios of neighbouring entries, p / beta (Parlett 1998, section 7.9).
    """
    k = alphas.shape[-1]
    matrices = np.zeros((*alphas.shape, k))
    diagonal = np.arange(k)
    matrices[..., diagonal, diagonal] = alphas
    matrices[..., diagonal[1:], diagonal[:-1]] = betas[..., :-1]
    ritz = np.linalg.eigvalsh(matrices)[..., -1]
    entry, squares, pivot = np.ones_like(ritz), np.ones_like(ritz), ritz - alphas[..., -1]
    # A beta of zero, where the Krylov space is exhausted, makes the last entry zero.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for j in range(k - 2, -1, -1):
            entry = entry * (pivot / betas[..., j])
            squares = squares + entry**2
            pivot = ritz - alphas[..., j] - betas[..., j] ** 2 / pivot
        return ritz, betas[..., -1] / np.sqrt(squares)


def _trace(gram: torch.Tensor) -> torch.Tensor:
    return gram.diagonal(dim1=1, dim2=2).sum(1)
