"""Sparse autoencoders: planted dictionaries and trees are recovered, covariance alone is not mistaken for features."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from repdyn.errors import StudyError
from repdyn.sparse_autoencoders.autoencoder import Autoencoder, decode, encode, explained_variance, fit, reconstruct
from repdyn.sparse_autoencoders.dictionaries import gaussian_matched, matched, mmcs, random_dictionary
from repdyn.sparse_autoencoders.gradients import gradients
from repdyn.sparse_autoencoders.linear import principal

D, M, ACTIVE = 32, 64, 3


def planted(n, seed, d=D, m=M):
    """A dictionary (m, d) and n rows of ACTIVE of its directions on average (Sharkey 2022)."""
    dictionary = random_dictionary(m, d, np.random.default_rng(1))
    rng = np.random.default_rng(seed)
    return dictionary, ((rng.random((n, m)) < ACTIVE / m) * rng.random((n, m))) @ dictionary


def tensor(x):
    return torch.from_numpy(np.asarray(x, dtype=np.float32))


@pytest.fixture(scope="module")
def recovered():
    _, x = planted(20_000, 2)
    return {
        "l1": fit(x, M, 0, penalty=0.15, steps=2000),
        "topk": fit(x, M, 0, k=4, steps=2000),
        "other seed": fit(x, M, 1, penalty=0.15, steps=2000),
    }


@pytest.mark.parametrize(("kind", "least", "most"), [("l1", 2, 6), ("topk", 3, 4)])
def test_a_planted_dictionary_is_recovered(recovered, kind, least, most):
    dictionary, fresh = planted(3000, 3)
    sae = recovered[kind]
    active = encode(sae, tensor(fresh)) > 0
    assert mmcs(dictionary, sae.decoder.numpy()) > 0.95
    assert explained_variance(tensor(fresh), reconstruct(sae, tensor(fresh))) > 0.85
    assert least <= active.sum(1).float().mean() <= most
    assert (~active.any(0)).sum() <= 4
    assert sae.decoder.norm(dim=1).numpy() == pytest.approx(np.ones(M), abs=1e-5)


def test_a_random_dictionary_is_the_floor_and_two_seeds_agree(recovered):
    dictionary, _ = planted(10, 0)
    floor = mmcs(dictionary, random_dictionary(M, D, np.random.default_rng(5)))
    assert 0.38 < floor < 0.5
    assert matched(*(recovered[kind].decoder.numpy() for kind in ("l1", "other seed"))) > 0.95


def test_covariance_alone_gives_seeds_nothing_to_agree_on():
    _, x = planted(8000, 2)
    null = gaussian_matched(x, np.random.default_rng(6))
    first, second = (fit(null, M, seed, k=4, steps=500, batch=128).decoder.numpy() for seed in (0, 1))
    assert matched(first, second) < 0.65


def test_the_same_seed_gives_the_same_bits():
    _, x = planted(500, 2)
    twice = [fit(x, M, 7, k=3, steps=60, batch=64) for _ in range(2)]
    assert all(torch.equal(a, b) for a, b in zip(twice[0][:4], twice[1][:4], strict=True))
    other = fit(x, M, 8, k=3, steps=60, batch=64)
    assert matched(twice[0].decoder.numpy(), twice[1].decoder.numpy()) == pytest.approx(1, abs=1e-6)
    assert matched(twice[0].decoder.numpy(), other.decoder.numpy()) < 0.9


def test_too_few_rows_do_not_carry_the_dictionary():
    dictionary, x = planted(100, 2)
    assert mmcs(dictionary, fit(x, M, 0, k=3, steps=600, batch=64).decoder.numpy()) < 0.8


def test_a_larger_penalty_gives_fewer_active_features_and_less_variance():
    _, x = planted(4000, 2)
    saes = [fit(x, M, 0, penalty=penalty, steps=400, batch=128) for penalty in (0.03, 0.1, 0.3, 1.0)]
    active = [float((encode(sae, tensor(x)) > 0).sum(1).float().mean()) for sae in saes]
    variance = [explained_variance(tensor(x), reconstruct(sae, tensor(x))) for sae in saes]
    assert active == sorted(active, reverse=True) and active[0] > 2 * active[-1]
    assert variance == sorted(variance, reverse=True)


@pytest.mark.parametrize(("options", "expected", "unrevived"), [({"k": 2}, 30, 55), ({"penalty": 0.3}, 3, 4)])
def test_dead_features_are_revived(monkeypatch, options, expected, unrevived):
    _, x = planted(4000, 2, d=16)
    x = x + 3 * np.sign(x[:, :1])  # two far clumps leave most random directions unused by either

    def dead():
        sae = fit(x, M, 0, steps=400, batch=128, **options)
        return int((~(encode(sae, tensor(x)) > 0).any(0)).sum())

    revived = dead()
    monkeypatch.setattr("repdyn.sparse_autoencoders.autoencoder.RESAMPLED", ())
    assert revived <= expected
    assert dead() >= unrevived > revived


def test_scale_and_shift_of_the_activations_change_nothing_but_units():
    _, x = planted(2000, 2)
    plain, moved = (fit(rows, M, 0, penalty=0.1, steps=300) for rows in (x, 1000 * x + 50))
    fresh = planted(500, 3)[1]
    before, after = encode(plain, tensor(fresh)), encode(moved, tensor(1000 * fresh + 50))
    assert (after / 1000).numpy() == pytest.approx(before.numpy(), abs=0.02)
    assert explained_variance(tensor(fresh), reconstruct(plain, tensor(fresh))) == pytest.approx(
        explained_variance(tensor(1000 * fresh + 50), reconstruct(moved, tensor(1000 * fresh + 50))), abs=0.01
    )


def tree(n, seed, parents=6, children=3):
    """Directions that families of children share, the children, and rows: some parents, each with one child or none."""
    rng = np.random.default_rng(1)
    shared = random_dictionary(parents, D, rng)
    own = rng.standard_normal((parents, children, D))
    own -= own.mean(1, keepdims=True)
    own /= np.linalg.norm(own, axis=2, keepdims=True)
    rng = np.random.default_rng(seed)
    on = rng.random((n, parents)) < 0.2
    child = (
        np.eye(children)[rng.integers(children, size=(n, parents))]
        * (on & (rng.random((n, parents)) < 0.9))[:, :, None]
    )
    return shared, on @ shared + 0.7 * np.einsum("npc,pcd->nd", child, own)


def test_nested_groups_recover_the_parents_of_a_planted_tree():
    shared, x = tree(10_000, 2)
    flat = fit(x, 30, 0, penalty=0.1, steps=1200, batch=128).decoder.numpy()
    nested = fit(x, 30, 0, penalty=0.1, steps=1200, batch=128, nested=(6,)).decoder.numpy()
    assert mmcs(shared, nested[:6]) > 0.97
    assert mmcs(shared, flat) < 0.93  # parents are absorbed into their children
    assert mmcs(shared, random_dictionary(6, D, np.random.default_rng(0))) < 0.5


def test_encoding_and_decoding_by_hand():
    sae = Autoencoder(*(tensor(x) for x in ([[1, -1, 2], [0, 1, 0]], [0, 0, -1], [[1, 0], [0, 1], [1, 0]], [1, 1])))
    rows = tensor([[2, 1], [1, 3], [0, 0]])  # minus the bias: (1, 0), (0, 2), (-1, -1)
    assert encode(sae, rows).tolist() == [[1, 0, 1], [0, 2, 0], [0, 0, 0]]
    assert decode(sae, encode(sae, rows)).tolist() == [[3, 1], [1, 3], [1, 1]]
    largest = sae._replace(k=1, encoder_bias=tensor([0.5, 0, -1]))
    assert encode(largest, rows).tolist() == [[1.5, 0, 0], [0, 2, 0], [0, 0, 0]]
    assert explained_variance(rows, rows) == 1
    assert explained_variance(rows, rows.mean(0).expand(3, 2)) == pytest.approx(0, abs=1e-6)
    assert np.isnan(explained_variance(torch.ones(3, 2), torch.ones(3, 2)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_active_features_are_those_of_topk_and_never_more(dtype):
    random = torch.Generator().manual_seed(0)
    x = torch.randn(40, 24, generator=random, dtype=torch.float64).to(dtype)
    x[:5] = -1  # fewer than k are positive
    sae = Autoencoder(torch.eye(24, dtype=dtype), torch.zeros(24, dtype=dtype), torch.eye(24, dtype=dtype), 0, 6)
    rises = x.clamp(min=0)
    values, places = rises.topk(6)
    expected = torch.zeros_like(rises).scatter(1, places, values)
    found = encode(sae, x)
    same = (rises.sort(1).values.diff(dim=1) > 0)[:, -7:].all(1)  # of ties any may be left out
    assert torch.equal(found[same], expected[same]) and same[5:].sum() > 20 and found.dtype == dtype
    tied = encode(sae, torch.ones(3, 24, dtype=dtype))
    assert ((tied > 0).sum(1) == 6).all() and ((found > 0).sum(1) <= 6).all()


def test_mmcs_by_hand():
    a, b = np.array([[1.0, 0], [0, 2]]), np.array([[3.0, 0], [3, 3], [-1, 0]])
    assert mmcs(a, b) == pytest.approx((1 + np.sqrt(0.5)) / 2)
    assert mmcs(b, a) == pytest.approx((1 + np.sqrt(0.5) + 0) / 3)
    assert matched(a, b) == pytest.approx((mmcs(a, b) + mmcs(b, a)) / 2)
    assert np.isnan(mmcs(a[:0], b))
    with pytest.raises(StudyError, match="same length"):
        mmcs(a, np.ones((2, 3)))
    with pytest.raises(StudyError, match="length 0"):
        mmcs(a, np.zeros((2, 2)))


def test_a_gaussian_match_keeps_mean_and_covariance_and_nothing_else():
    _, x = planted(3000, 2)
    x[:, 0] = 1  # a constant activation stays constant
    null = gaussian_matched(x + 5, np.random.default_rng(0))
    assert null.mean(0) == pytest.approx(x.mean(0) + 5)
    assert np.cov(null.T) == pytest.approx(np.cov(x.T), abs=1e-9)

    def kurtosis(rows):
        rows = (rows - rows.mean(0))[:, 1:] / rows.std(0)[1:]
        return (rows**4).mean()

    assert kurtosis(null) == pytest.approx(3, abs=0.1)
    assert kurtosis(x) > 4
    with pytest.raises(StudyError, match="more than 32 rows"):
        gaussian_matched(x[:32], np.random.default_rng(0))


def test_principal_components_as_scikit_learn_has_them():
    _, x = planted(300, 2)
    _, fresh = planted(200, 3)
    for count in (0, 5, D):
        oracle = PCA(count).fit(x)
        expected = oracle.inverse_transform(oracle.transform(fresh)) if count else np.tile(x.mean(0), (200, 1))
        assert principal(x, count)(tensor(fresh)).numpy() == pytest.approx(expected, abs=1e-5)
    with pytest.raises(StudyError, match="not 33"):
        principal(x, 33)


def test_bad_input_is_refused():
    x = planted(80, 2)[1]
    for rows, options, message in (
        (x[0], {"k": 2}, "matrix"),
        (x[:60], {"k": 2}, "at least 64 rows"),
        (np.ones((80, D)), {"k": 2}, "same in all rows"),
        (np.where(np.arange(D) == 3, np.nan, x), {"k": 2}, "finite"),
        (x, {}, "either"),
        (x, {"k": 2, "penalty": 0.1}, "either"),
        (x, {"k": 65}, "from 1 to 64"),
        (x, {"k": 0}, "from 1 to 64"),
        (x, {"penalty": -1.0}, "penalty >= 0"),
        (x, {"k": 2, "nested": (8, 8)}, "must grow"),
        (x, {"k": 2, "nested": (64,)}, "must grow"),
    ):
        with pytest.raises(StudyError, match=message):
            fit(rows, M, 0, steps=1, **options)


@pytest.mark.parametrize("nested", [(), (2, 5)])
@pytest.mark.parametrize("kind", [{"k": 3}, {"penalty": 0.3}])
def test_the_gradient_is_the_one_that_torch_finds(kind, nested):
    random = torch.Generator().manual_seed(0)
    encoder, decoder = torch.randn(4, 9, generator=random).double(), torch.randn(9, 4, generator=random).double()
    encoder_bias, bias = torch.randn(9, generator=random).double() / 3, torch.randn(4, generator=random).double()
    x = torch.randn(20, 4, generator=random).double()
    sae = Autoencoder(encoder, encoder_bias, decoder, bias, kind.get("k"))
    found = gradients(sae, x, encode(sae, x), kind.get("penalty"), nested)
    for parameter in sae[:4]:
        parameter.requires_grad_()
    active = encode(sae, x)
    loss = sum((active[:, :m] @ decoder[:m] + bias - x).square().sum() for m in (*nested, 9))
    expected = torch.autograd.grad((loss + kind.get("penalty", 0) * active.sum()) / len(x), sae[:4])
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)
