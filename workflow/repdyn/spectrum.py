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
# Sizes of the Krylov spaces tried before a matrix is handed to LAPACK, and the relative error that counts as converged.
KRYLOV = (8, 24)
LANCZOS_TOLERANCE = 2e-5


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
    undefined = torch.cat([constant, _zero(matrices)])
    measures = {}
    for name, value in values.items():
        both = torch.where(undefined, torch.nan, value).numpy()
        measures[name], measures[name + "_uncentred"] = np.split(both, 2)
    return measures


def full_measures(matrices: torch.Tensor) -> dict[str, np.ndarray]:
    """Effective rank, rank at 90 % of variance and nuclear-norm ratio, centred and uncentred; each (B,) float64.

    These need the whole spectrum, taken in float64: in float32 the small singular values are rounding noise that adds up
    in the nuclear norm. Effective rank exp(H(l / sum l)) is Roy & Vetterli 2007 on variances.
    """
    centred, uncentred, constant = gram_matrices(matrices.double())
    measures = {}
    for suffix, gram, undefined in (("", centred, constant), ("_uncentred", uncentred, _zero(matrices))):
        for name, value in measures_of_spectrum(eigenvalues(gram)).items():
            measures[name + suffix] = np.where(undefined.numpy(), np.nan, value)
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
    which matrices are constant (B,).

    The uncentred Gram is the centred one plus terms of the mean: adding is stable where subtracting the mean from an
    uncentred Gram would cancel. Scaling is by the power of two next to max|a|, which rounds nothing.
    """
    n, d = matrices.shape[1:]
    largest = torch.maximum(matrices.amax((1, 2)), -matrices.amin((1, 2)))
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

    Lanczos from one fixed start vector, in longer Krylov spaces for the matrices that need them, and LAPACK for those on
    which no space converges.
    """
    value = torch.full(gram.shape[:1], torch.nan, dtype=torch.float64)
    open_ = torch.arange(len(gram))
    for steps in KRYLOV:
        if len(open_) and steps < gram.shape[-1]:
            ritz, error = _lanczos(gram[open_] if len(open_) < len(gram) else gram, steps)
            done = error <= LANCZOS_TOLERANCE * ritz
            value[open_[done]] = ritz[done]
            open_ = open_[~done]
    if len(open_):
        value[open_] = torch.linalg.eigvalsh(gram[open_])[:, -1].double()
    return value


def _lanczos(gram: torch.Tensor, steps: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Largest Ritz value and a bound on its error, each (B,) float64.

    The error is at most the residual r, and at most r^2 / gap to the next eigenvalue (Parlett 1998, section 11.7), which
    the next Ritz value estimates. Vectors are rows, which multiply faster in batches.
    """
    count, size, _ = gram.shape
    start = torch.from_numpy(np.random.default_rng(0).standard_normal(size)).to(gram.dtype)
    vector = (start / start.norm()).expand(count, 1, size)
    scale = _trace(gram)
    basis = gram.new_zeros(count, steps, size)
    alphas, betas = gram.new_zeros(count, steps), gram.new_zeros(count, steps)
    for k in range(steps):
        basis[:, k] = vector[:, 0]
        known = basis[:, : k + 1]
        product = torch.bmm(vector, gram)
        overlap = torch.bmm(product, known.transpose(1, 2))
        alphas[:, k] = overlap[:, 0, k]
        product = torch.baddbmm(product, overlap, known, alpha=-1)
        beta = torch.linalg.vector_norm(product, dim=(1, 2))
        # An exhausted Krylov space leaves rounding noise; it ends here, and the zeros that follow change no Ritz value.
        beta = torch.where(beta > 1e-6 * scale, beta, 0)
        betas[:, k] = beta
        vector = product / torch.where(beta > 0, beta, torch.inf)[:, None, None]
    tridiagonal = (
        torch.diag_embed(alphas) + torch.diag_embed(betas[:, :-1], 1) + torch.diag_embed(betas[:, :-1], -1)
    )
    ritz, vectors = np.linalg.eigh(tridiagonal.double().numpy())
    residual = betas[:, -1].double().numpy() * abs(vectors[:, -1, -1])
    gap = np.maximum(ritz[:, -1] - ritz[:, -2] - residual, 1e-300)
    return torch.from_numpy(ritz[:, -1]), torch.from_numpy(np.minimum(residual, residual**2 / gap))


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


def _zero(matrices: torch.Tensor) -> torch.Tensor:
    return matrices.abs().amax((1, 2)) == 0
