"""Drawn studies have the truth that they were given, rules that can decide do, and those with nothing to rest on do not."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from repdyn.audit import type_errors
from repdyn.audit.bounds import TRUTHS
from repdyn.audit.columns import TERMS
from repdyn.audit.estimates import CHANGE, COUNT, KINDS, MEAN, SHARE, Ratio, arrays, contrast
from repdyn.audit.verdict_errors import (
    COLUMNS,
    FIXED,
    Design,
    beta_quantiles,
    draw,
    field,
    gamma_quantiles,
    verdict_errors,
)
from repdyn.timeseries.critical_steps import critical_steps

ABOVE = {"quantity": "x_detected", "above": 50, "published": 100, "none": 0, "reversible": False}


def study(kind: str, events: float, value: float = 0.5, seeds: int = 1, scatter: float = 0.1) -> pd.DataFrame:
    """Sixty runs of 15 architectures and 4 datasets with that many events each, of which a share of `value` counts."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        [(f"a{a}-d{d}", f"a{a}", f"d{d}", seed) for seed in range(seeds) for a in range(15) for d in range(4)],
        columns=["experiment", "architecture", "dataset", "seed"],
    )
    bottom = rng.poisson(events, len(rows)).astype(float) if kind in (SHARE, CHANGE) else np.ones(len(rows))
    top = {
        SHARE: lambda: rng.binomial(bottom.astype(int), value).astype(float),
        COUNT: lambda: rng.poisson(events, len(rows)).astype(float),
        MEAN: lambda: value + scatter * rng.standard_normal(len(rows)),
        CHANGE: lambda: bottom * (value + scatter * rng.standard_normal(len(rows))),
    }[kind]()
    return rows.assign(top=top, bottom=bottom, expected=0.0)


def terms(rows: pd.DataFrame, kind: str, part: int = 0, log: bool = False) -> pd.DataFrame:
    unit = 100.0 if kind == SHARE else 1.0
    named = {
        "claim": "C01",
        "quantity": "x_detected",
        "scale": "log" if log else "",
        "part": part,
        "kind": kind,
        "unit": unit,
    }
    return rows.assign(**named)[TERMS]


def claim(*conditions: dict) -> list[dict]:
    return [{"id": "C01", "verdict": {"rule": "bounds", "conditions": list(conditions)}}]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seeds", [1, 5])
def test_drawn_studies_have_their_truth(kind, seeds):
    rows = study(kind, 8.0)
    ratios = (Ratio(rows, kind, 1.0),)
    sums, first, second = arrays(ratios)
    truth = {SHARE: 0.8, COUNT: 3.0, MEAN: -0.3, CHANGE: 0.2}[kind]
    made = draw(ratios, sums, Design(first, second, seeds), truth, False, np.random.default_rng(1), 600)
    value, se, _ = contrast(made, first, second, False)
    assert value.mean() == pytest.approx(truth, abs=4 * value.std() / np.sqrt(600) + 0.01)
    assert se.mean() == pytest.approx(value.std(), rel=0.5)


@pytest.mark.parametrize("log", [False, True])
def test_contrasts_have_their_truth(log):
    rows = study(COUNT, 4.0)
    ratios = (Ratio(rows[:30], COUNT, 1.0), Ratio(rows[30:].reset_index(drop=True), COUNT, 1.0))
    sums, first, second = arrays(ratios)
    made = draw(ratios, sums, Design(first, second, 1), 2.0, log, np.random.default_rng(1), 600)
    value, _, _ = contrast(made, first, second, log)
    assert value.mean() == pytest.approx(np.log(2) if log else 2, abs=0.15)


def test_margins_have_their_means_and_the_field_its_correlations():
    rng = np.random.default_rng(0)
    design = Design(np.repeat(np.arange(10), 5), np.tile(np.arange(5), 10), 2)
    spread = field(design, (0.3, 0.2), 0.5, rng, 4000)
    assert spread.std() == pytest.approx(1, abs=0.02)
    runs = np.corrcoef(spread.T)
    assert runs[0, 1] == pytest.approx(0.15, abs=0.05) and runs[0, 5] == pytest.approx(0.1, abs=0.05)
    assert runs[0, 50] == pytest.approx(0.5, abs=0.05) and runs[0, 6] == pytest.approx(0, abs=0.05)
    assert gamma_quantiles(spread, 2.0).mean() == pytest.approx(1, abs=0.05)
    assert beta_quantiles(spread, 0.8, 0.2).mean() == pytest.approx(0.8, abs=0.01)


def test_a_rule_with_much_to_rest_on_can_decide():
    found = verdict_errors(terms(study(SHARE, 20.0), SHARE), claim(ABOVE), 1, studies=200).set_index(["seeds", "truth"])
    assert list(found.reset_index()[COLUMNS]) == COLUMNS and found["decides"].all()
    for seeds in (1, 5):
        assert (
            found.loc[(seeds, "as published"), "holds"] > 0.95 and found.loc[(seeds, "false"), "does_not_hold"] > 0.95
        )
        assert np.isnan(found.loc[(seeds, "half"), "right"]) and found.loc[(seeds, "half"), "undecided"] > 0.85
    assert "reversed" not in found.index.get_level_values("truth")
    assert np.allclose(found[["holds", "does_not_hold", "undecided"]].sum(axis=1), 1)


@pytest.mark.parametrize("jumps", [0, 1, 5, 20, 120])
def test_few_jumps_are_counted_and_decide_little(jumps):
    rows = study(SHARE, 0.0)
    rows.loc[np.arange(jumps) % len(rows), "bottom"] = 0.0
    np.add.at(rows["bottom"].to_numpy(), np.arange(jumps) * 7 % len(rows), 1.0)
    rows["top"] = np.floor(rows["bottom"] / 2)
    narrow = {"quantity": "x_detected", "above": 25, "published": 50, "none": 0, "reversible": False}
    found = verdict_errors(terms(rows, SHARE), claim(narrow), 1, studies=100, designs=())
    assert found["jumps"].eq(jumps).all() and found["rests_on_jumps"].all()
    assert found["decides"].all() == (jumps == 120)
    if jumps == 0:
        assert found["right"].isna().all() and len(found) == 1


def test_none_in_many_runs_says_that_there_are_not_many():
    many = {"quantity": "x_detected", "above": 30, "published": 60, "none": 1, "scale": "log", "reversible": False}
    none = study(COUNT, 0.0)
    table = verdict_errors(terms(none, COUNT, log=True), claim(many), 1, 200, ())
    assert table["jumps"].eq(0).all()
    false = table.set_index("truth").loc["false"]
    assert false["does_not_hold"] > 0.95
    assert table["wrong"].max() <= table["allowed"].min()
    # None over none is no ratio, and nothing can be drawn.
    both = pd.concat([terms(none, COUNT, part, True) for part in (0, 1)])
    assert verdict_errors(both, claim(many), 1, 200, ())["right"].isna().all()


def test_what_is_not_in_the_runs_is_not_drawn():
    found = verdict_errors(pd.DataFrame(columns=TERMS), claim(ABOVE), 3)
    assert found["seeds"].tolist() == [1, 3, 5] and not found["decides"].any() and found["wrong"].isna().all()


def test_drawing_again_gives_the_same():
    one, other = (
        verdict_errors(terms(study(COUNT, 2.0), COUNT), claim(ABOVE), 1, studies=30, designs=()) for _ in range(2)
    )
    pd.testing.assert_frame_equal(one, other)
    assert set(one["truth"]) <= set(TRUTHS)


def test_a_claim_that_its_definition_fixes_has_a_row_in_words():
    fixed = {"id": "C06", "verdict": {"rule": "construction", "quantity": "n", "tolerance": 0.01}}
    rows = verdict_errors(pd.DataFrame(columns=TERMS), [fixed], 3)
    assert rows["seeds"].tolist() == [1, 3, 5] and rows["note"].eq(FIXED).all()
    assert rows[["holds", "does_not_hold", "undecided"]].isna().all(axis=None) and not rows["decides"].any()


@pytest.mark.parametrize("burst", [0.0, 1.0, 100.0])
def test_no_draw_changes_how_many_steps_are_critical(burst):
    """Quiet series, and series that move a hundred times more in one window of ten: a decile is a decile."""
    rng = np.random.default_rng(0)
    moves = rng.standard_normal((400, 6))
    moves[100:110] *= 1 + burst
    assert critical_steps(moves.cumsum(axis=0)).sum() == 6 * 40


def test_a_number_of_types_is_drawn_where_there_are_enough_jumps(monkeypatch):
    monkeypatch.setattr(type_errors, "word_shares", partial(type_errors.word_shares, draws=8, pool=39))
    sizes = {f"size_{i}": {"value": value, "decimals": 0} for i, value in enumerate([20] * 5, 1)}
    types = {"id": "C05", "published": sizes, "verdict": {"rule": "equals", "quantity": "k", "value": 5}}
    few = terms(study(COUNT, 0.0), COUNT).assign(claim="C05")
    rows = verdict_errors(few, [types], 1)
    assert (
        rows["note"].eq(type_errors.TOO_FEW).all() and rows["jumps"].tolist() == [0, 0] and rows["right"].isna().all()
    )
    # Half of the jumps of a study of two seeds: those of one.
    many = few.assign(top=6.0)
    rows = verdict_errors(many, [types], 2, designs=(1,)).query("seeds == 1").set_index("truth")
    assert rows["jumps"].eq(180).all()
    assert rows.loc["as published", "holds"] > 0.8 and rows.loc["false", "does_not_hold"] > 0.8
    assert list(rows.index) == ["as published", "half", "false"]
    assert rows["decides"].eq(rows["wrong"].max() <= rows["allowed"].iloc[0]).all()
