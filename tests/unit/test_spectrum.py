"""Measures of dimensionality against matrices whose spectrum is known and against a float64 SVD."""

import numpy as np
import pytest
import torch

from repdyn import spectrum
from repdyn.spectrum import FULL, LEADING, full_measures, largest_eigenvalues, largest_ritz, leading_measures

TOLERANCE = 1e-4


def by_svd(matrix, centred):
    """The definitions, straight from a float64 SVD."""
    matrix = matrix.astype(np.float64)
    singular = np.linalg.svd(matrix - matrix.mean(0) if centred else matrix, compute_uv=False)
    variance = singular**2
    share = variance / variance.sum()
    positive = share[share > 0]
    return {
        "stable_rank": variance.sum() / variance[0],
        "participation_ratio": variance.sum() ** 2 / (variance**2).sum(),
        "effective_rank": np.exp(-(positive * np.log(positive)).sum()),
        "rank_90": (np.cumsum(share) < 0.9).sum() + 1,
        "nuclear_norm_ratio": singular.sum() / singular[0],
    }


def measure(matrices):
    batch = torch.from_numpy(np.asarray(matrices, dtype=np.float32))
    return {**leading_measures(batch), **full_measures(batch)}


def with_spectrum(rng, n, singular):
    """A centred matrix (n, len(singular)) with exactly these singular values."""
    left = rng.standard_normal((n, len(singular)))
    left = np.linalg.qr(left - left.mean(0))[0]
    right = np.linalg.qr(rng.standard_normal((len(singular), len(singular))))[0]
    return left * singular @ right


KINDS = {
    "isotropic": lambda rng, n, d: rng.standard_normal((n, d)),
    "decaying": lambda rng, n, d: rng.standard_normal((n, d)) * np.exp(-np.arange(d) / 5),
    "rectified": lambda rng, n, d: np.maximum(rng.standard_normal((n, d)) @ rng.standard_normal((d, d)) / d, 0),
    "far from zero": lambda rng, n, d: rng.standard_normal((n, d)) * np.exp(-np.arange(d) / 5) + 1000,
    "tiny": lambda rng, n, d: rng.standard_normal((n, d)) * 1e-15,
    "huge": lambda rng, n, d: rng.standard_normal((n, d)) * 1e15,
    "rank one": lambda rng, n, d: rng.standard_normal((n, 1)) * rng.standard_normal((1, d)),
    "degenerate top": lambda rng, n, d: (
        with_spectrum(rng, n, np.repeat([1.0, 0.999, 0.1], [1, 1, min(n, d) - 2]))
        if d <= n
        else with_spectrum(rng, d, np.repeat([1.0, 0.999, 0.1], [1, 1, n - 2])).T
    ),
}


@pytest.mark.parametrize("shape", [(256, 10), (256, 24), (256, 128), (256, 512), (1024, 512)])
@pytest.mark.parametrize("kind", KINDS)
def test_every_measure_is_within_1e4_of_a_float64_svd(kind, shape):
    rng = np.random.default_rng(1)
    matrices = np.stack([KINDS[kind](rng, *shape) for _ in range(2)]).astype(np.float32)
    measured = measure(matrices)
    for i, matrix in enumerate(matrices):
        for suffix, centred in (("", True), ("_uncentred", False)):
            for name, expected in by_svd(matrix, centred).items():
                assert measured[name + suffix][i] == pytest.approx(expected, rel=TOLERANCE), name + suffix


def test_known_spectrum_gives_known_measures():
    matrix = with_spectrum(np.random.default_rng(0), 200, np.array([2.0, 1.0, 1.0, 0.0]))
    measured = {name: values[0] for name, values in measure([matrix]).items()}
    assert measured["stable_rank"] == pytest.approx(6 / 4, rel=1e-5)
    assert measured["participation_ratio"] == pytest.approx(36 / 18, rel=1e-5)
    assert measured["nuclear_norm_ratio"] == pytest.approx(4 / 2, rel=1e-5)
    assert measured["rank_90"] == 3
    shares = np.array([4, 1, 1]) / 6
    assert measured["effective_rank"] == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-5)


def test_identity_of_rank_k_has_dimension_k():
    matrix = with_spectrum(np.random.default_rng(0), 64, np.repeat([1.0, 0.0], [7, 13]))
    measured = measure([matrix])
    for name in ("stable_rank", "participation_ratio", "effective_rank", "nuclear_norm_ratio", "rank_90"):
        assert measured[name][0] == pytest.approx(7, rel=1e-5), name


def test_finite_sample_participation_ratio_of_isotropic_noise():
    """E[PR] is about d / (1 + d / n) for n samples of d isotropic features."""
    rng = np.random.default_rng(0)
    measured = leading_measures(torch.from_numpy(rng.standard_normal((20, 256, 128)).astype(np.float32)))
    assert measured["participation_ratio"].mean() == pytest.approx(128 / (1 + 128 / 256), rel=0.02)


def test_scaling_changes_nothing_and_the_mean_changes_only_the_uncentred():
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((256, 32))
    plain, scaled, shifted = (
        {name: values[0] for name, values in measure([m]).items()} for m in (matrix, matrix * 1e6, matrix + 3)
    )
    for name in LEADING + FULL:
        assert scaled[name] == pytest.approx(plain[name], rel=1e-5)
        assert shifted[name] == pytest.approx(plain[name], rel=1e-4)
    assert shifted["stable_rank_uncentred"] < 0.1 * plain["stable_rank_uncentred"]


@pytest.mark.parametrize("value", [0.0, 3.7, -1e-20, np.nan, np.inf])
def test_dead_constant_and_broken_layers_give_nan_and_spare_their_neighbours(value):
    good = np.random.default_rng(0).standard_normal((256, 32))
    measured = measure([good, np.full((256, 32), value), good])
    for name, values in measured.items():
        assert np.isnan(values[1]), name
        assert values[0] == values[2] and np.isfinite(values[0]), name


def test_rounding_noise_around_a_constant_is_constant():
    noise = np.random.default_rng(0).standard_normal((256, 32))
    assert np.isnan(measure([1 + 1e-7 * noise])["stable_rank"][0])
    assert np.isfinite(measure([1 + 1e-3 * noise])["stable_rank"][0])


def test_a_matrix_measures_the_same_alone_and_in_a_batch():
    rng = np.random.default_rng(0)
    batch = rng.standard_normal((5, 256, 64))
    together = measure(batch)
    for i in range(5):
        for name, values in measure(batch[i : i + 1]).items():
            assert values[0] == pytest.approx(together[name][i], rel=1e-6), name


@pytest.mark.parametrize("size", [12, 40, 80, 200])
@pytest.mark.parametrize("gap", [0.5, 1e-2, 1e-4, 0.0])
def test_largest_eigenvalue_for_every_gap(size, gap):
    """Close to the top, a Krylov space may settle on the second eigenvalue; it may then be off by no more than the gap."""
    rng = np.random.default_rng(size)
    basis = np.linalg.qr(rng.standard_normal((size, size)))[0]
    spectrum = np.r_[1.0, 1.0 - gap, np.linspace(0.9 - gap, 0, size - 2)].clip(0)
    gram = basis * spectrum @ basis.T
    mean = rng.standard_normal((size, 1)) / np.sqrt(size)
    parts = (torch.from_numpy(part.astype(np.float32))[None] for part in (gram, mean, 2 * mean))
    centred, uncentred = largest_eigenvalues(*parts)
    assert centred.item() == pytest.approx(1.0, rel=3e-5)
    assert uncentred.item() == pytest.approx(np.linalg.eigvalsh(gram + 2 * mean @ mean.T)[-1], rel=3e-5)


@pytest.mark.parametrize("last", [1.0, 1e-3, 0.0])
def test_the_largest_ritz_value_and_its_residual_are_those_of_a_whole_decomposition(last):
    rng = np.random.default_rng(0)
    alphas, betas = rng.random((3, 2, 12)) + np.r_[3, np.zeros(11)], last * rng.random((3, 2, 12)) + 1e-3
    ritz, residual = largest_ritz(alphas, betas)
    for index in np.ndindex(3, 2):
        off = np.diag(betas[index][:-1], 1)
        values, vectors = np.linalg.eigh(np.diag(alphas[index]) + off + off.T)
        assert ritz[index] == pytest.approx(values[-1], rel=1e-12)
        assert residual[index] == pytest.approx(betas[index][-1] * abs(vectors[-1, -1]), rel=1e-6, abs=1e-15)


def test_an_exhausted_krylov_space_has_no_residual():
    ritz, residual = largest_ritz(np.array([[2.0, 0, 0]]), np.array([[0.0, 0, 0]]))
    assert ritz.tolist() == [2.0] and residual.tolist() == [0.0]


def test_layers_with_a_single_direction_are_measured():
    # What a deep narrow network collapses to: a few units that move together. Single-precision LAPACK fails on some of them.
    generator = torch.Generator().manual_seed(0)
    vectors = torch.zeros(2000, 24)
    for vector in vectors:
        vector[torch.randperm(24, generator=generator)[:7]] = 0.03 * torch.rand(7, generator=generator)
    gram = vectors[:, :, None] * vectors[:, None]
    nothing = torch.zeros(len(gram), 24, 1)
    found = largest_eigenvalues(gram, nothing, nothing)
    assert found.numpy() == pytest.approx(np.tile((vectors.double() ** 2).sum(1).numpy(), (2, 1)), rel=1e-6)


@pytest.mark.parametrize("size", [1, 63, 64, 65, 200, 512])
def test_products_of_half_the_blocks_are_the_whole_product_and_exactly_symmetric(size):
    rows = torch.from_numpy(np.random.default_rng(size).standard_normal((3, size, 90)))
    products = spectrum.own_products(rows)
    np.testing.assert_allclose(products, rows @ rows.transpose(1, 2), rtol=1e-12, atol=1e-12)
    if size > spectrum.BLOCK:
        assert torch.equal(products, products.transpose(1, 2))
