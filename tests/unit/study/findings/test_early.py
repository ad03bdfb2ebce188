"""The step by which the final order is set is found, across datasets and seeds; nothing is in independent values."""

import numpy as np
import pytest

from helpers.finding_cases import grid, sections, spread
from repdyn.study.findings.answers import NOT_EVALUABLE, SHOWN, judge
from repdyn.study.findings.early import DATASETS, SEEDS, answers


def study(rng, links: dict[int, float], seeds: int = 1):
    """Sections in which a step is linked with the end in what run and layer add; positions differ by themselves."""
    table = grid(seeds, 3)
    position = 3 * spread(table, rng, "architecture", "layer")

    def own():
        return spread(table, rng, "experiment", "seed") + 0.5 * spread(table, rng, "experiment", "seed", "layer")

    last = own()
    at = {step: link * last + np.sqrt(1 - link**2) * own() for step, link in links.items()}
    return sections(table, {step: position + value for step, value in {**at, 2000: last}.items()})


def by_subject(found) -> dict:
    return {row.subject: row for row in judge(found, 0.05).itertuples()}


def test_the_step_by_which_it_is_set_is_found():
    rng = np.random.default_rng(0)
    found = by_subject(answers(study(rng, {0: 0.0, 200: 0.9}, seeds=3), 2000, rng))
    assert list(found) == [f"step {step}, {among}" for among in (DATASETS, SEEDS) for step in ("0", "200", "0 to 200")]
    for among in (DATASETS, SEEDS):
        late, gain = found[f"step 200, {among}"], found[f"step 0 to 200, {among}"]
        assert late.word == gain.word == SHOWN and 0.6 < late.value < 0.95
        assert found[f"step 0, {among}"].word != SHOWN
        assert abs(late.null_mean) < 0.1 and late.null_low < 0 < late.null_high
        assert (late.runs, late.experiments) == (165, 55)
        assert gain.value == pytest.approx(late.value - found[f"step 0, {among}"].value)


def test_independent_values_are_not_linked_by_their_position():
    rng = np.random.default_rng(1)
    p = [[each.p for each in answers(study(rng, {0: 0.0, 200: 0.0}, seeds=2), 2000, rng)] for _ in range(20)]
    assert (np.array(p) <= 0.05).mean() <= 0.1


def test_one_seed_and_too_few_datasets_are_not_evaluable():
    rng = np.random.default_rng(2)
    table = study(rng, {0: 0.5})
    found = by_subject(answers(table, 2000, rng))[f"step 0, {SEEDS}"]
    assert found.word == NOT_EVALUABLE and found.why == "one seed"
    few = by_subject(answers(table[table["dataset"].isin(["d0", "d1"])], 2000, rng))[f"step 0, {DATASETS}"]
    assert few.word == NOT_EVALUABLE and few.why == "2 orders of so few datasets give no p below 0.50"
    one = by_subject(answers(table[table["dataset"] == "d0"], 2000, rng))[f"step 0, {DATASETS}"]
    assert one.why == "one dataset per architecture"
    assert {each.why for each in answers(table[:0], 0, rng)} == {"no run"}
