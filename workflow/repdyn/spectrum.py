"""Spectra of representation matrices and the measures of dimensionality that are read off them.

A representation matrix A has n rows (examples or tokens) and d columns (features). Columns are centred, the matrix is
divided by max|a|, and the eigenvalues l of the Gram matrix on the smaller side stand for the spectrum: l_i = sigma_i^2.
Every measure is invariant to the scale of A. A matrix whose columns are all constant has no spectrum: NaN.

Matrices come in batches (B, n, d), because a thousand small matrices one by one cost mostly interpreter time.
"""

import numpy as np
import torch
from scipy.linalg import blas

LEADING = ("stable_rank", "participation_ratio")
FULL = ("effective_rank", "rank_90", "nuclear_norm_ratio")

# Spread relative to max|a| below which float32 activations are rounding noise around a constant.
CONSTANT = 1e-5
# Largest Krylov space, steps between checks of convergence, and the relative residual that counts as converged.
KRYLOV = 40
CHECK = 5
RESIDUAL = 5e-6


def leading_measures(matrices: torch.Tensor) -> dict[str, np.ndarray]:
    """Stable rank and participation ratio, centred and uncentred, of a batch (B, n, d); each (B,) float64.

    Stable rank ||A||_F^2 / ||A||_2^2 (Vershynin 2010, section 7); participation ratio (sum l)^2 / sum l^2. Neither needs a
    decomposition: tr G, ||G||_F and the largest eigenvalue of G suffice, in the precision of the input.
    """
    centred, uncentred, constant = gram_matrices(matrices)
    gram = torch.cat([centred, uncentred])
    trace = _trace(gram).double()
    square = (gram * gram).sum((1, 2)).double()
    values = {"stable_rank": trace / largest_eigenvalue(gram), "participation_ratio": trace**2 / square}
    measures = {}
    for name, value in values.items():
        both = torch.where(torch.cat([constant, constant]), torch.nan, value).numpy()
        measures[name], measures[name + "_uncentred"] = np.split(both, 2)
    return measures


def full_measures(matrices: torch.Tensor) -> dict[str, np.ndarray]:
    """Effective rank, rank at 90 % of variance and nuclear-norm ratio, centred and uncentred; each (B,) float64.

    These need the whole spectrum, taken in float64: in float32 the small singular values are rounding noise that adds up
    in the nuclear norm. Effective rank exp(H(l / sum l)) is Roy & Vetterli 2007 on variances.
    """
    centred, uncentred, constant = gram_matrices(matrices.double())
    measures = {}
    for suffix, gram in (("", centred), ("_uncentred", uncentred)):
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


def gram_matrices(matrices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gram matrices on the smaller side of a batch (B, n, d), m = min(n, d): centred, uncentred (B, m, m), and
    which matrices have no spectrum (B,): all columns constant, or values that are not finite.

    The uncentred Gram is the centred one plus terms of the mean: adding is stable where subtracting the mean from an
    uncentred Gram would cancel. Scaling is by the power of two next to max|a|, which rounds nothing.
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
        centred = _symmetric_product(rows.transpose(1, 2))
        uncentred = torch.baddbmm(centred, mean.transpose(1, 2), mean, alpha=n)
    else:
        centred = _symmetric_product(rows)
        projection = rows @ mean.transpose(1, 2)
        uncentred = centred + projection + projection.transpose(1, 2) + (mean * mean).sum(-1, keepdim=True)
    # The trace is the squared distance to the mean, summed over entries; max|a| is one half to one.
    constant = _trace(centred) <= n * CONSTANT**2
    return centred, uncentred, constant


def eigenvalues(gram: torch.Tensor) -> np.ndarray:
    """Eigenvalues of symmetric positive semidefinite matrices (B, m, m), largest first, rounding below zero set to zero."""
    return np.linalg.eigvalsh(gram.numpy())[:, ::-1].clip(min=0)


def largest_eigenvalue(gram: torch.Tensor) -> torch.Tensor:
    """Largest eigenvalue of symmetric positive semidefinite matrices (B, m, m); (B,) float64.

    Lanczos with full reorthogonalisation from one fixed start vector. Some eigenvalue lies within the residual of a Ritz
    value (Parlett 1998, section 4.5); that it is the largest needs a start vector not orthogonal to the first eigenvector to
    within RESIDUAL / (relative gap to the second), hence a tolerance far below the accuracy wanted. What does not converge
    goes to LAPACK.
    """
    count, size, _ = gram.shape
    steps = min(KRYLOV, size - 1)
    value = torch.full((count,), torch.nan, dtype=torch.float64)
    left = torch.arange(count)
    start = torch.from_numpy(np.random.default_rng(0).standard_normal(size)).to(gram.dtype)
    vector = (start / start.norm()).expand(count, 1, size)
    basis, alphas, betas = (
        gram.new_zeros(count, steps, size),
        gram.new_zeros(count, steps),
        gram.new_zeros(count, steps),
    )
    active = gram
    # Vectors are rows, which multiply faster in batches.
    for k in range(steps):
        basis[:, k] = vector[:, 0]
        known = basis[:, : k + 1]
        product = torch.bmm(vector, active)
        alphas[:, k] = (product * vector).sum((1, 2))
        # The second pass keeps a vector orthogonal that the first left as rounding noise of an exhausted Krylov space.
        for _ in range(2):
            product = torch.baddbmm(product, torch.bmm(product, known.transpose(1, 2)), known, alpha=-1)
        beta = torch.linalg.vector_norm(product, dim=(1, 2))
        betas[:, k] = beta
        vector = product / torch.where(beta > 0, beta, torch.inf)[:, None, None]
        if (k + 1) % CHECK == 0:
            ritz, residual = _largest_ritz(alphas[:, : k + 1], betas[:, : k + 1])
            done = residual <= RESIDUAL * ritz
            value[left[done]] = ritz[done]
            if done.all():
                return value
            if done.any():
                left, active, vector = left[~done], active[~done], vector[~done]
                basis, alphas, betas = basis[~done], alphas[~done], betas[~done]
    value[left] = torch.linalg.eigvalsh(active)[:, -1].double()
    return value


def _largest_ritz(alphas: torch.Tensor, betas: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Largest eigenvalue of tridiagonal matrices, diagonals (B, k) and off-diagonals (B, k), and its residual; (B,)."""
    off = torch.diag_embed(betas[:, :-1], 1)
    ritz, vectors = torch.linalg.eigh((torch.diag_embed(alphas) + off + off.transpose(1, 2)).double())
    return ritz[:, -1], betas[:, -1].double() * vectors[:, -1, -1].abs()


def _symmetric_product(rows: torch.Tensor) -> torch.Tensor:
    """X X^T for a batch (B, m, k)."""
    if rows.shape[1] < 128:
        return rows @ rows.transpose(1, 2)
    # One triangle costs half; worth a call per matrix only for large ones.
    syrk = blas.ssyrk if rows.dtype == torch.float32 else blas.dsyrk
    out = torch.empty(rows.shape[0], rows.shape[1], rows.shape[1], dtype=rows.dtype)
    for matrix, target in zip(rows, out, strict=True):
        columns_first = matrix.is_contiguous()
        array = matrix.T.numpy() if columns_first else matrix.numpy()
        upper = torch.from_numpy(syrk(1.0, array, trans=int(columns_first)))
        target.copy_(upper + upper.T)
        target.diagonal().copy_(upper.diagonal())
    return out


def _trace(gram: torch.Tensor) -> torch.Tensor:
    return gram.diagonal(dim1=1, dim2=2).sum(1)
