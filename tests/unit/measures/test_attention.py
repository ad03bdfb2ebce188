"""Attention entropy, distance, divergence and redundancy against values known by hand, and quiet under their nulls."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon

from repdyn.errors import StudyError
from repdyn.measures import attention, head_divergence
from repdyn.measures.attention import distance, entropy, mean_map, patch_distances, token_distances, uniform
from repdyn.measures.head_divergence import divergence, divergence_null, query_entropy, specialisation
from repdyn.measures.head_similarity import head_similarity, redundancy, redundancy_null
from repdyn.measures.similarity import debiased_cka
from repdyn.measures.subject import Subject
from repdyn.models.transformer import Transformer

LENGTHS = np.array([6, 4, 3, 6, 2, 5])
VALID = np.arange(6) < LENGTHS[:, None]


def softmax(scores, valid):
    """Attention probabilities (n, H, T, T) of scores, none on padding."""
    weights = np.exp(scores) * valid[:, None, None, :]
    return weights / weights.sum(-1, keepdims=True)


def attending(keys, length=6, examples=2):
    """One-hot attention: head h of every example attends to keys[h][q] from query q."""
    return np.broadcast_to(np.eye(length)[np.array(keys)], (examples, len(keys), length, length))


@pytest.fixture
def random_attention():
    return softmax(np.random.default_rng(0).normal(size=(6, 3, 6, 6)) * 2, VALID)


def test_entropy_of_a_query_in_nats():
    assert query_entropy(np.full(20, 1 / 20)) == pytest.approx(np.log(20), abs=1e-12)
    assert query_entropy(np.array([0.5, 0.25, 0.25, 0])) == pytest.approx(1.5 * np.log(2), abs=1e-12)


@pytest.mark.parametrize("valid", [None, VALID])
def test_uniform_attention_has_entropy_one(valid):
    everywhere = uniform(np.zeros((6, 2, 6, 6)), valid)
    assert entropy(everywhere, valid) == pytest.approx([1, 1], abs=1e-12)


def test_one_hot_attention_has_entropy_zero():
    assert entropy(attending([np.arange(6), np.zeros(6, int)])).tolist() == [0, 0]


def test_entropy_is_normalised_by_the_valid_keys_and_not_softmaxed_again():
    """Half and half is ln 2 of ln 4 and of ln 2; a second softmax would make it nearly uniform."""
    valid = np.array([[True] * 4, [True, True, False, False]])
    halves = np.broadcast_to([0.5, 0.5, 0, 0], (2, 1, 4, 4))
    assert entropy(halves, valid) == pytest.approx([(4 * 0.5 + 2 * 1) / 6], abs=1e-12)
    assert entropy(halves[:1]) == pytest.approx([0.5], abs=1e-12)


def test_a_single_valid_key_is_not_evaluable():
    valid = np.array([[True, True, True], [True, False, False]])
    probabilities = uniform(np.zeros((2, 2, 3, 3)), valid)
    assert entropy(probabilities, valid) == pytest.approx([1, 1], abs=1e-12)
    for function in (entropy, divergence, specialisation):
        assert np.isnan(function(probabilities[1:], valid[1:])).all()
    assert np.isnan(distance(probabilities[1:], token_distances(3), valid[1:])).all()


def test_what_is_no_attention_is_refused(random_attention):
    with pytest.raises(StudyError, match="sum to 1 over the valid keys"):
        entropy(np.random.default_rng(0).normal(size=(2, 3, 6, 6)))
    with pytest.raises(StudyError, match="sum to 1 over the valid keys"):
        entropy(random_attention, VALID[::-1])
    with pytest.raises(StudyError, match=r"must be \(n, heads, T, T\)"):
        entropy(random_attention[..., :4])
    with pytest.raises(StudyError, match="a flag a token"):
        entropy(random_attention, VALID[:, :4])


def test_distances():
    assert token_distances(4)[3].tolist() == [3, 2, 1, 0]
    grid = patch_distances(4)
    assert grid[0, [1, 4, 3, 15]] == pytest.approx([1, 1, 3, 3 * np.sqrt(2)])
    # 5 is in row 1, column 1 and 14 in row 3, column 2.
    assert grid[5, 14] == pytest.approx(np.sqrt(5))


def test_distance_attended():
    """To itself 0; to the first token q, on average 2.5; to the first of a text of 3 tokens 1."""
    heads = attending([np.arange(6), np.zeros(6, int)], examples=1)
    assert distance(heads, token_distances(6)) == pytest.approx([0, 2.5])
    valid = np.arange(6)[None] < 3
    assert distance(heads[:, 1:], token_distances(6), valid) == pytest.approx([1])


@pytest.mark.parametrize("length", [2, 4, 6])
def test_distance_of_uniform_attention(length):
    """Two random positions of L are (L^2 - 1) / (3 L) apart."""
    valid = np.arange(6)[None] < length
    everywhere = uniform(np.zeros((1, 1, 6, 6)), valid)
    assert distance(everywhere, token_distances(6), valid) == pytest.approx([(length**2 - 1) / (3 * length)])


def test_divergence_of_equal_and_of_disjoint_heads(random_attention):
    same = np.repeat(random_attention[:, :1], 3, axis=1)
    assert specialisation(same, VALID) == pytest.approx(0, abs=1e-12)
    assert divergence(same, VALID) == pytest.approx([0, 0, 0], abs=1e-12)
    apart = attending([np.full(6, h) for h in range(4)])
    assert specialisation(apart) == pytest.approx(1, abs=1e-12)
    assert divergence(apart) == pytest.approx([1] * 4, abs=1e-12)


def test_divergence_tells_the_head_that_differs():
    odd = attending([np.zeros(6, int), np.zeros(6, int), np.ones(6, int)])
    assert divergence(odd) == pytest.approx([0.5, 0.5, 1], abs=1e-12)
    assert specialisation(odd) == pytest.approx(query_entropy(np.array([2 / 3, 1 / 3])) / np.log(3), abs=1e-12)


def test_divergence_equals_scipy(random_attention):
    """Of two heads both measures are one, query by query."""
    pairs = [
        [jensenshannon(*random_attention[e, [a, b], q], base=2) ** 2 for e in range(6) for q in range(LENGTHS[e])]
        for a, b in ((0, 1), (0, 2), (1, 2))
    ]
    d01, d02, d12 = np.mean(pairs, axis=1)
    assert divergence(random_attention, VALID) == pytest.approx([(d01 + d02) / 2, (d01 + d12) / 2, (d02 + d12) / 2])
    assert specialisation(random_attention[:, :2], VALID) == pytest.approx(d01)


def test_a_single_head_has_nothing_to_differ_from(random_attention):
    assert np.isnan(specialisation(random_attention[:, :1], VALID))
    assert np.isnan(divergence(random_attention[:, :1], VALID)).all()


def test_divergence_null_of_heads_that_attend_to_one_key():
    """Two such heads meet in one of L keys: 1 - 1 / L, query by query, padding never attended."""
    first = attending([np.zeros(6, int)] * 2, examples=6)
    draws = 600
    whole, single = divergence_null(first, VALID, np.random.default_rng(0), draws)
    expected = (LENGTHS * (1 - 1 / LENGTHS)).sum() / LENGTHS.sum()
    assert abs(whole.mean() - expected) < 4 * whole.std() / np.sqrt(draws)
    assert single == pytest.approx(np.repeat(whole[:, None], 2, axis=1))
    # One permutation serves all texts of a length: draws differ as much as single queries do.
    assert whole.std() > 0.1


def test_divergence_null_keeps_the_sharpness(random_attention):
    """Uniform heads stay uniform, so their null has no spread; a peak on a key keeps its entropy."""
    everywhere = uniform(random_attention, VALID)
    whole, single = divergence_null(everywhere, VALID, np.random.default_rng(0), 5)
    assert np.abs(whole).max() < 1e-12
    assert np.abs(single).max() < 1e-12


def habits(rng, heads, shared, shortest=8):
    """Heads that prefer some keys in all examples (the same keys with `shared`), with noise from example to example."""
    habit = rng.normal(size=(1, 1 if shared else heads, 12, 12)) * 2
    lengths = rng.integers(shortest, 13, size=40)
    valid = np.arange(12) < lengths[:, None]
    return softmax(habit + rng.normal(size=(40, heads, 12, 12)) * 0.3, valid), valid


@pytest.mark.parametrize(("shortest", "spread"), [(12, 1.3), (8, 1.5)])
def test_divergence_is_within_the_null_for_independent_heads(shortest, spread):
    """Standard scores from 20 draws: spread 1.08 where all texts have a length, a little more where they have several."""
    rng = np.random.default_rng(1)
    scores = []
    for _ in range(40):
        probabilities, valid = habits(rng, 4, shared=False, shortest=shortest)
        whole, single = divergence_null(probabilities, valid, rng)
        scores += [(specialisation(probabilities, valid) - whole.mean()) / whole.std(ddof=1)]
        scores += ((divergence(probabilities, valid) - single.mean(0)) / single.std(0, ddof=1)).tolist()
    assert np.abs(np.mean(scores)) < 0.3
    assert 0.9 < np.std(scores) < spread


def test_divergence_is_below_the_null_for_heads_that_agree_and_above_for_heads_that_share_out():
    rng = np.random.default_rng(2)
    probabilities, valid = habits(rng, 4, shared=True)
    whole, single = divergence_null(probabilities, valid, rng)
    assert (specialisation(probabilities, valid) - whole.mean()) / whole.std() < -8
    assert ((divergence(probabilities, valid) - single.mean(0)) / single.std(0) < -8).all()
    # Head h attends to the third of the keys that is its own, from every query.
    thirds = np.broadcast_to(np.repeat(np.eye(3), 4, axis=1)[None, :, None, :] / 4, (40, 3, 12, 12))
    whole, single = divergence_null(thirds, None, rng, 100)
    assert specialisation(thirds) == pytest.approx(1)
    assert divergence(thirds) == pytest.approx([1] * 3)
    assert (1 - whole.mean()) / whole.std() > 2
    assert ((1 - single.mean(0)) / single.std(0) > 2).all()


def test_similarity_of_heads_is_debiased_cka():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 40, 3, 5)) + 1
    y[:, 1] += x[:, 2] * [1, 2, 3, 4, 5]
    found = head_similarity(x, y)
    for a in range(3):
        for b in range(3):
            assert found[a, b] == pytest.approx(debiased_cka(x[:, a], y[:, b]), abs=1e-10)
    assert found[2, 1] > 0.5


def test_rows_at_equal_distances_have_no_similarity():
    """Their U-centred Gram matrix is zero but for rounding."""
    corners = np.stack([np.eye(6), np.random.default_rng(0).normal(size=(6, 6))], axis=1)
    found = head_similarity(corners, corners)
    assert np.isnan(found).tolist() == [[True, True], [True, False]]
    assert np.isnan(debiased_cka(corners[:, 0], corners[:, 1]))


def test_redundancy_finds_the_rotated_copy():
    """Heads 0 and 2 carry the same in another basis; head 1 has nothing to do with them; head 3 is dead."""
    rng = np.random.default_rng(4)
    outputs = rng.normal(size=(300, 4, 6))
    outputs[:, 2] = 3 * outputs[:, 0] @ np.linalg.qr(rng.normal(size=(6, 6)))[0] + 1
    outputs[:, 3] = 0.7
    found = redundancy(head_similarity(outputs, outputs))
    assert found[[0, 2]] == pytest.approx([1, 1], abs=1e-9)
    assert abs(found[1]) < 0.03
    assert np.isnan(found[3])
    with pytest.raises(StudyError, match="at least 4 rows"):
        head_similarity(outputs[:3], outputs[:3])


def token_outputs(seed, shared):
    """(60, 6, 3, 4) head outputs in texts of three lengths: a part by position and length, and one by example."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(4, 7, size=60)
    place = rng.normal(size=(7, 6, 1, 4))[lengths]
    example = rng.normal(size=(60, 1, 1 if shared else 3, 4))
    valid = np.arange(6) < lengths[:, None]
    rows = rng.permutation(np.flatnonzero(valid))[:200]
    return place, example, valid, rows


def test_redundancy_null_keeps_what_position_brings():
    """What depends on position and length alone is untouched by exchanging texts of a length: null and value are one."""
    place, _, valid, rows = token_outputs(5, shared=False)
    mixing = np.random.default_rng(6).normal(size=(3, 4, 4))
    outputs = np.einsum("nthd,hde->nthe", np.repeat(place, 3, axis=2), mixing)
    flat = outputs.reshape(-1, 3, 4)[rows]
    null = redundancy_null(outputs, rows, valid, np.random.default_rng(0), 4)
    assert null == pytest.approx(np.tile(redundancy(head_similarity(flat, flat)), (4, 1)), abs=1e-9)
    assert null.min() > 0.3


def test_redundancy_against_its_null():
    """Heads that share the example exceed it, heads that have nothing but the position in common do not.

    Rows of an example are repetitions of one another, which a null that permuted rows would take for evidence.
    """
    scores = []
    for seed in range(20):
        place, example, valid, rows = token_outputs(seed, shared=False)
        outputs = place + example
        flat = outputs.reshape(-1, 3, 4)[rows]
        null = redundancy_null(outputs, rows, valid, np.random.default_rng(seed))
        scores += ((redundancy(head_similarity(flat, flat)) - null.mean(0)) / null.std(0, ddof=1)).tolist()
    assert np.abs(np.mean(scores)) < 0.6
    assert np.mean(np.abs(scores) > 3) < 0.1
    place, example, valid, rows = token_outputs(0, shared=True)
    outputs = place + np.repeat(example, 3, axis=2)
    flat = outputs.reshape(-1, 3, 4)[rows]
    null = redundancy_null(outputs, rows, valid, np.random.default_rng(0))
    assert ((redundancy(head_similarity(flat, flat)) - null.mean(0)) / null.std(0, ddof=1) > 10).all()


def test_mean_map_is_over_the_examples_in_which_query_and_key_are_valid():
    valid = np.array([[True, True, False], [True, True, True], [True, False, False]])
    probabilities = np.zeros((3, 1, 3, 3))
    probabilities[0, 0, :, :2] = [[1, 0], [0.2, 0.8], [0.5, 0.5]]
    probabilities[1, 0] = [[0, 0.5, 0.5], [0.4, 0.2, 0.4], [0.1, 0.2, 0.7]]
    probabilities[2, 0, :, 0] = 1
    expected = [[2 / 3, 0.25, 0.5], [0.3, 0.5, 0.4], [0.1, 0.2, 0.7]]
    assert mean_map(probabilities, valid)[0] == pytest.approx(np.array(expected), abs=1e-6)
    assert np.isnan(mean_map(probabilities[:1], valid[:1])[0]).tolist() == [[False, False, True]] * 2 + [[True] * 3]
    assert mean_map(probabilities, valid).dtype == np.float32


def subject(kind):
    """A random transformer of two blocks and three heads at two steps, with 11 examples in chunks of 4."""
    torch.manual_seed(0)
    options = {"width": 12, "heads": 3, "layers": 2, "classes": 3}
    if kind == "text":
        model = Transformer(**options, vocabulary=9, length=6)
        lengths = torch.tensor([6, 4, 3, 6, 1, 5, 2, 6, 6, 4, 3])
        inputs = torch.randint(1, 9, (11, 6)) * (torch.arange(6) < lengths[:, None])
    else:
        model = Transformer(**options, size=8)
        inputs = torch.randn(11, 1, 8, 8)
    model.chunk = 4
    states = {}
    for step in (0, 5):
        states[step] = {name: value + torch.randn_like(value) * step / 10 for name, value in model.state_dict().items()}
    return Subject(model, states, inputs, torch.arange(11) % 3, 3, key=(kind, 0), token_limit=20)


@pytest.mark.parametrize("kind", ["text", "image"])
def test_measure(kind):
    probe = subject(kind)
    table = attention.measure(probe)
    units = {"attention_entropy", "attention_distance", "head_divergence", "head_redundancy"}
    counts = table.groupby(["step", "layer", "quantity"], observed=True).size().unstack()
    assert counts.index.tolist() == [(s, f"blocks.{i}.attention") for s in (0, 5) for i in (0, 1)]
    assert (counts[sorted(units)] == 3).all().all()
    assert (counts["head_specialisation"] == 1).all()
    assert table.value.notna().all()
    np.testing.assert_array_equal(table.value, attention.measure(subject(kind)).value)
    np.testing.assert_array_equal(table.null_mean, attention.measure(subject(kind)).null_mean)

    valid = (probe.inputs != 0).numpy() if kind == "text" else np.ones((11, 16), bool)
    keys = ["blocks.1.attention.probabilities", "blocks.1.attention.heads"]
    probabilities, heads = (torch.cat(kept).numpy() for kept in probe.capture(5, keys).values())
    here = table[(table.step == 5) & (table.layer == "blocks.1.attention")].set_index("quantity")
    assert here.value["attention_entropy"].tolist() == pytest.approx(entropy(probabilities, valid).tolist())
    assert here.value["head_specialisation"] == pytest.approx(specialisation(probabilities, valid))
    assert here.value["head_divergence"].tolist() == pytest.approx(divergence(probabilities, valid).tolist())
    far = token_distances(6) if kind == "text" else patch_distances(4)
    assert here.value["attention_distance"].tolist() == pytest.approx(distance(probabilities, far, valid).tolist())
    assert here.null_mean["attention_distance"].tolist() == pytest.approx(
        distance(uniform(probabilities, valid), far, valid).tolist()
    )
    # The rows are those of the representation matrices: the attention output there is these heads, projected.
    rows = np.concatenate([r.numpy() + 4 * valid.shape[1] * i for i, r in enumerate(probe.probe.rows)])
    projection = probe.model(5).blocks[1].attention.out_proj
    chosen = torch.from_numpy(heads.reshape(-1, 12)[rows])
    np.testing.assert_allclose(
        projection(chosen).detach(), probe.representations(5)["blocks.1.attention"], rtol=0, atol=1e-5
    )
    flat = heads.reshape(-1, 3, 4)[rows]
    assert here.value["head_redundancy"].tolist() == pytest.approx(redundancy(head_similarity(flat, flat)).tolist())


def test_one_forward_pass_of_a_step_serves_every_measure_after_it():
    probe = subject("text")
    passes = []
    probe.network.register_forward_hook(lambda *_: passes.append(1))
    attention.with_maps(probe)
    chunks = len(probe.probe.inputs)
    assert len(passes) == 2 * chunks
    other = subject("text")
    for step in (0, 5):
        assert probe.active(step).keys() == {"blocks.0.feedforward", "blocks.1.feedforward"}
        for name in ("representations", "examples"):
            for layer, values in getattr(other, name)(step).items():
                np.testing.assert_array_equal(getattr(probe, name)(step)[layer], values)
        np.testing.assert_array_equal(probe.logits(step), other.logits(step))
    assert len(passes) == 2 * chunks


@pytest.mark.parametrize("kind", ["text", "image"])
def test_maps(kind):
    probe = subject(kind)
    table, found = attention.with_maps(probe)
    assert table.equals(attention.measure(subject(kind)))
    assert list(found) == [f"attention/{s}/blocks.{i}.attention" for s in (0, 5) for i in (0, 1)]
    length = 6 if kind == "text" else 16
    assert {(each.shape, each.dtype.name) for each in found.values()} == {((3, length, length), "float32")}
    if kind == "image":
        assert found["attention/5/blocks.1.attention"].sum(-1) == pytest.approx(np.ones((3, 16)), abs=1e-5)
    (kept,) = probe.capture(5, ["blocks.0.attention.probabilities"]).values()
    assert found["attention/5/blocks.0.attention"][:, 0, 0] == pytest.approx(
        torch.cat(kept)[:, :, 0, 0].mean(0).numpy()
    )


def test_blocks_of_queries_change_no_bit(random_attention, monkeypatch):
    whole, single = divergence_null(random_attention, None, np.random.default_rng(0), draws=2)
    monkeypatch.setattr(head_divergence, "BLOCK", 11)
    again = divergence_null(random_attention, None, np.random.default_rng(0), draws=2)
    assert np.array_equal(again[0], whole) and np.array_equal(again[1], single)
