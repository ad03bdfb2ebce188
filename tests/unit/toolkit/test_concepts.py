"""What a layer knows of the class, of rows whose classes are planted: erased, interchanged, and units seen against set."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from repdyn.interventions.erasure import erased, inlp
from repdyn.toolkit.interventions import concepts as module

SUBJECT = SimpleNamespace(key=("planted", 0), classes=4)
WEIGHT = np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1]])  # logits of the four combinations of two signs


def planted(seed, n=240, units=12):
    """Rows whose first two units hold two signs, which are the class, and correlated noise; and their read-out."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 4
    mixing = 0.3 * np.random.default_rng(9).standard_normal((units, units))
    x = rng.standard_normal((n, units)) @ mixing
    x[:, :2] += 6 * np.stack([labels // 2, labels % 2], 1) - 3
    return x, labels


def rest(states):
    return states[:, :2] @ torch.from_numpy(WEIGHT).T


def numbers(entries):
    return {(each["quantity"][0], column): each[column][0] for each in entries for column in ("value", "null_mean")}


def test_erasers_are_fitted_to_one_side_judged_on_the_other_and_beside_random_ones():
    fitted, judged = planted(0), planted(1)
    found = numbers(module._erasure(SUBJECT, 3, "last", rest, fitted, judged))

    def right(rows):
        return (rest(torch.from_numpy(rows)).argmax(1).numpy() == judged[1]).mean()

    # Four rounds would take more directions than the 12 units have but one: three.
    assert found["erased_accuracy/inlp", "value"] == right(erased(judged[0], inlp(*fitted, 3)[-1]))
    assert found["erased_accuracy/inlp", "value"] != right(erased(judged[0], inlp(*fitted, 1)[-1]))
    assert found["erased_accuracy/leace", "value"] < 0.45 < 0.7 < found["erased_accuracy/leace", "null_mean"]
    assert found["erased_probe/leace", "value"] < 0.45 < 0.7 < found["erased_probe/leace", "null_mean"]


def test_pairs_keep_the_half_of_the_base_and_take_the_parity_of_the_source(monkeypatch):
    fitted, judged = planted(0), planted(1)
    seen, search = [], module.aligned_subspace
    monkeypatch.setattr(module, "aligned_subspace", lambda *given: seen.append(given[1:4]) or search(*given))
    (found,) = module._interchange(SUBJECT, 3, "last", rest, fitted, judged)
    bases, sources, expected = seen[0]
    of_row = {tuple(row): label for row, label in zip(fitted[0], fitted[1], strict=True)}
    base, source = (np.array([of_row[tuple(row)] for row in side.numpy()]) for side in (bases, sources))
    assert expected.tolist() == [one // 2 * 2 + other % 2 for one, other in zip(base, source, strict=True)]
    assert (expected.numpy() != base).all() and len(expected) > 150
    assert found["value"][0] > 0.9 > 0.6 > found["null_mean"][0]


def test_units_are_seen_adjusted_for_the_class_and_set_as_by_hand():
    rng = np.random.default_rng(2)
    labels = rng.integers(3, size=400)
    x = 1.5 * labels[:, None] * np.array([1.0, 0, 0.5]) + rng.standard_normal((400, 3))
    x = np.column_stack([x, np.full(400, 2.0)])
    weight, bias = rng.standard_normal((3, 4)), rng.standard_normal(3)
    found = {each["quantity"][0]: each["value"] for each in module._units(SUBJECT, 3, "last", weight, bias, x, labels)}
    logits = x @ weight.T + bias
    for unit in range(3):
        own = weight[:, unit] - weight[:, unit].mean()
        y = (logits - logits.mean(1, keepdims=True))[:, own.argmax()]
        high = x[:, unit] > np.median(x[:, unit])
        assert found["unit_seen"][unit] == pytest.approx(y[high].mean() - y[~high].mean())
        inside = [labels == label for label in range(3)]
        sides = [sum(one.mean() * y[one & side].mean() for one in inside) for side in (high, ~high)]
        assert found["unit_adjusted"][unit] == pytest.approx(sides[0] - sides[1])
        assert found["unit_done"][unit] == pytest.approx((x[high, unit].mean() - x[~high, unit].mean()) * own.max())
    assert abs(found["unit_seen"][0] - found["unit_adjusted"][0]) > 0.1
    assert all(np.isnan(values[3]) for values in found.values())  # a unit that does not vary
