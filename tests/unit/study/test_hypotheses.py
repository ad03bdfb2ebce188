"""Planted effects give each verdict of the rule; what time alone does, and nothing at all, are never taken for an effect."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from dag.config import read_yaml
from helpers.project import ROOT
from repdyn.errors import StudyError
from repdyn.measures.table import combine, entry
from repdyn.study import hypotheses as h
from repdyn.study.event_windows import plan, steps_of

DECLARED = ROOT / "config/hypotheses.yaml"
FALLS = h.Hypothesis("H1", "mlp", "?", "q", False, "change", ("early", "middle", "late"), "falls")


def rng(*seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


# --- the declared hypotheses ---


def test_the_declared_hypotheses_fit_their_schema_and_split_by_family():
    found = h.by_family(read_yaml(str(DECLARED), "hypotheses"))
    families = ("mlp", "cnn", "transformer")
    expected = [("H1", "transformer"), ("H2", "cnn"), ("H3", "mlp"), *(("H4", f) for f in families)]
    assert [(each.id, each.family) for each in found] == expected + [("H5", family) for family in families]
    assert found[3].periods == ("early",) and found[6].compare == "across" and found[2].minus_null
    assert [each.direction for each in found[:3]] == ["falls", "falls", "rises"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"direction": "drops"}, "'H1.direction' is 'drops'; one of falls, rises is needed"),
        ({"periods": []}, "a list of different periods"),
        ({"sign": 1}, "unknown key 'H1.sign'"),
        ({"minus_null": "yes"}, "true or false is needed"),
    ],
)
def test_the_schema_refuses(tmp_path, changes, message):
    content = yaml.safe_load(DECLARED.read_text())
    path = tmp_path / "hypotheses.yaml"
    path.write_text(yaml.safe_dump({"H1": content["H1"] | changes}))
    with pytest.raises(StudyError, match=message):
        read_yaml(str(path), "hypotheses")


# --- one run ---

PLAN = {
    "experiment": "a",
    "seed": 0,
    "grid": [0, 20, 2000],
    "moments": [
        {"pair": 0, "kind": "jump", "period": "early", "before": 0, "at": 10, "after": 20, "layer": "x"},
        {"pair": 0, "kind": "control", "period": "early", "before": 20, "at": 30, "after": 40},
        {"pair": 1, "kind": "jump", "period": "late", "before": 1500, "at": 1510, "after": 1520, "layer": "x"},
    ],
}


def test_a_contrast_is_the_change_across_the_jump_minus_that_across_its_control():
    # Per step two layers, one of two units; changes of (0 -> 20): 3, 4, 8 and of (20 -> 40): 0, 1, 2.
    values = {0: ([0, 0], 0), 20: ([3, 4], 8), 40: ([3, 5], 10)}
    parts = [(step, "x", units) for step, (units, _) in values.items()]
    parts += [(step, "y", layer) for step, (_, layer) in values.items()]
    table = combine(entry(step, layer, "q", value) for step, layer, value in parts)
    found = h.run_contrasts(table, PLAN, FALLS)
    assert found.to_dict("list") == {"kind": ["jump"], "pair": [0], "contrast": [5.0 - 1.0]}
    null = combine(entry(step, layer, "q", value, null_mean=step**2 / 100) for step, layer, value in parts)
    shifted = h.run_contrasts(null, PLAN, FALLS._replace(minus_null=True))
    assert shifted["contrast"].tolist() == [(5.0 - 4.0) - (1.0 - 12.0)]
    assert h.run_contrasts(table, PLAN, FALLS._replace(periods=("late",))).empty  # the late jump has no control


def test_a_unit_that_dies_does_not_change_the_mean_of_the_others():
    table = combine(entry(s, "x", "q", v) for s, v in ((0, [0.0, 9.0]), (20, [1.0, np.nan]), (40, [1.5, np.nan])))
    assert h.run_contrasts(table, PLAN, FALLS)["contrast"].tolist() == [0.5]
    dead = combine(entry(s, "x", "q", [np.nan]) for s in (0, 20, 40))
    assert h.run_contrasts(dead, PLAN, FALLS)["contrast"].isna().tolist() == [True]


def test_a_comparison_with_initialisation_counts_and_one_with_another_step_does_not():
    rows = [entry(s, "x", "q", v, reference=0) for s, v in ((0, 1.0), (20, 0.5), (40, 0.4))]
    rows += [entry(s, "x", "q", 99.0, reference=20) for s in (20, 40)]
    assert h.run_contrasts(combine(rows), PLAN, FALLS)["contrast"].to_numpy() == pytest.approx([-0.4])


def test_what_is_measured_across_a_window_is_compared_as_it_is():
    across = FALLS._replace(compare="across")
    rows = [entry(20, "", "q", [1, 0, np.nan, 1], reference=0), entry(40, "", "q", [0, 0, 1, 0], reference=20)]
    assert h.run_contrasts(combine(rows), PLAN, across)["contrast"].to_numpy() == pytest.approx([2 / 3 - 1 / 4])
    with pytest.raises(StudyError, match="a, seed 0: q was not measured at step 40 against 20; every window"):
        h.run_contrasts(combine(rows[:1]), PLAN, across)


def test_what_was_not_measured_or_measured_twice_is_an_error():
    rows = [entry(s, "x", "q", [1.0]) for s in (0, 20, 40)]
    with pytest.raises(StudyError, match="a, seed 0: q was not measured at step 40; every step of moments.json"):
        h.run_contrasts(combine(rows[:2]), PLAN, FALLS)
    with pytest.raises(StudyError, match="q has several values for layer 'x', unit 0, step 20; one is needed"):
        h.run_contrasts(combine([*rows, rows[1]]), PLAN, FALLS)
    moments = [PLAN["moments"][0], {**PLAN["moments"][0]}]
    with pytest.raises(StudyError, match="a, seed 0: pair 0 of moments.json is jump, jump; a jump or placebo"):
        h.run_contrasts(combine(rows), PLAN | {"moments": moments}, FALLS)
    moments = [PLAN["moments"][0], PLAN["moments"][1] | {"kind": "placebo control"}]
    with pytest.raises(StudyError, match="is jump, placebo control"):
        h.matched_windows(moments)


# --- experiments ---


def pairs(*rows):
    full = [("H1", "mlp", *row) for row in rows]
    return pd.DataFrame(full, columns=list(h.PAIR_COLUMNS))


def test_an_experiment_is_the_mean_over_seeds_of_the_means_over_pairs():
    found = h.by_experiment(
        pairs(
            ("a", 0, "jump", 0, 1.0),
            ("a", 0, "jump", 1, 3.0),
            ("a", 1, "jump", 0, 8.0),
            ("a", 1, "jump", 1, np.nan),
            ("a", 1, "placebo", 1, 90.0),
            ("a", 2, "placebo", 0, 50.0),
            ("b", 0, "placebo", 0, 7.0),
            ("c", 0, "jump", 0, np.nan),
        )
    )
    # (2 + 8) / 2; the third seed of a has no jump, so that it is a placebo, and the second has one.
    assert found[["experiment", "kind", "pairs", "contrast"]].to_numpy().tolist() == [
        ["a", "jump", 3, 5.0],
        ["a", "placebo", 1, 50.0],
        ["b", "placebo", 1, 7.0],
    ]


def test_no_pairs_are_no_experiments():
    none = h.by_experiment(pd.DataFrame(columns=list(h.PAIR_COLUMNS)))
    assert none.empty
    found = h.evaluate(none, [FALLS], runs_of("mlp", 3, excluded=2))
    assert found["verdict"].tolist() == [h.TOO_FEW] and np.isnan(found["effect"][0])
    assert found["reason"][0] == (
        "Experiments (mlp) with a jump (early, middle, late) that has a control: 0; 6 are needed. "
        "Runs left out because they diverged or stayed at chance: 2."
    )


# --- p values ---


def test_sign_flips_by_hand():
    assert h.sign_flip_p([1, 2, 3], rng()) == 2 / 8
    assert h.sign_flip_p([3, 2, -1], rng()) == 4 / 8  # |sum| >= 4: 6 and 4, and their opposites
    assert h.sign_flip_p([1, -1], rng()) == 1
    assert h.sign_flip_p([0.1] * 6, rng()) == 2 / 64
    assert h.sign_flip_p([-0.1, -0.2, -0.3], rng()) == h.sign_flip_p([0.1, 0.2, 0.3], rng()) == 2 / 8
    assert h.sign_flip_p(np.ones(16), rng()) == 2 / 2**16
    assert h.sign_flip_p(np.ones(17), rng(1)) == 1 / 10_000  # the observed one alone
    with pytest.raises(StudyError, match="at least one contrast"):
        h.sign_flip_p([1, np.nan], rng())


def test_label_permutations_by_hand():
    assert h.label_permutation_p([1, 2], [3, 4], rng()) == 2 / 6
    assert h.label_permutation_p([4, 5, 6], [1, 2, 3], rng()) == 2 / 20
    assert h.label_permutation_p([1, 1], [0, 0], rng()) == 2 / 6
    assert h.label_permutation_p([2, 2, 2], [2, 2], rng()) == 1
    assert h.label_permutation_p(np.arange(20) + 100, np.arange(20), rng(1)) == 1 / 10_000
    # 1 + 4 against 2 + 3: no difference, whatever the division of the others.
    assert h.label_permutation_p([1, 4], [2, 3], rng()) == 1
    with pytest.raises(StudyError, match="two groups of at least two"):
        h.label_permutation_p([1], [2, 3], rng())


def uniform(p) -> float:
    return stats.kstest(np.asarray(p) - rng(9).random(len(p)) / 64, "uniform").pvalue


def test_p_of_nothing_is_uniform():
    flips = [h.sign_flip_p(rng(s).standard_normal(8), rng(s)) for s in range(1000)]
    labels = [h.label_permutation_p(*np.split(rng(s).standard_normal(13), [6]), rng(s)) for s in range(300)]
    assert uniform(flips) > 0.01 and uniform(labels) > 0.01
    assert np.mean(np.array(flips) < 0.05) < 0.065
    drawn = [h.sign_flip_p(rng(s).standard_normal(19), rng(s)) for s in range(150)]
    assert uniform(drawn) > 0.01


def test_groups_of_different_variance_are_not_taken_for_different_means():
    # The difference of means itself would be significant here in more than a tenth of all studies.
    p = [
        h.label_permutation_p(5 * rng(s).standard_normal(6), rng(s, 1).standard_normal(10), rng(s)) for s in range(300)
    ]
    assert np.mean(np.array(p) < 0.05) < 0.1


# --- verdicts ---


def runs_of(family: str, n: int, excluded: int = 0) -> pd.DataFrame:
    names = [f"{family}{i}" for i in range(n)]
    return pd.DataFrame(
        {"experiment": names, "seed": 0, "family": family, "excluded": [i < excluded for i in range(n)]}
    )


def contrasts_of(jump, placebo, hypothesis=FALLS) -> pd.DataFrame:
    rows = [(f"j{i:02}", "jump", value) for i, value in enumerate(jump)]
    rows += [(f"p{i:02}", "placebo", value) for i, value in enumerate(placebo)]
    table = pd.DataFrame(rows, columns=["experiment", "kind", "contrast"])
    return table.assign(hypothesis=hypothesis.id, family=hypothesis.family, pairs=1)


SPREAD = np.linspace(-1, 1, 8)
JUMP, NOTHING = -5 + SPREAD, SPREAD[:7] * 0.9 + 0.05


@pytest.mark.parametrize(
    ("direction", "jump", "placebo", "verdict", "reason"),
    [
        ("falls", JUMP, NOTHING, h.SUPPORTED, "Q, jumps minus controls: -5 over 8 experiments (8 jumps), q 0.0078."),
        ("rises", -JUMP, NOTHING, h.SUPPORTED, "Q, jumps minus controls: 5 over 8 experiments (8 jumps), q 0.0078."),
        ("falls", JUMP, NOTHING - 5, h.EXPLAINED, "(7 experiments, p "),
        ("falls", JUMP, NOTHING - 15, h.EXPLAINED, ", p 0.00016 for a difference): time alone may do it."),
        ("falls", JUMP, NOTHING[:5], h.UNDECIDED, "(5 experiments); 6 are needed to tell jumps from time."),
        ("falls", JUMP, [], h.UNDECIDED, "No experiment has a placebo of this period (early, middle, late); 6 are"),
        ("falls", -JUMP, NOTHING, h.CONTRADICTED, "it should be negative. Without jumps it is -0.0786 (7 experiments, p "),
        ("rises", JUMP, NOTHING[:2], h.UNDECIDED, "positive. Without jumps it is -0.721 (2 experiments); 6 are"),
        ("falls", -JUMP, NOTHING + 15, h.EXPLAINED, ", p 0.00016 for a difference): time alone may do it."),
        ("falls", SPREAD, NOTHING, h.UNDECIDED, ", not below 0.05."),
        ("falls", JUMP[:5], NOTHING, h.TOO_FEW, "(early, middle, late) that has a control: 5; 6 are needed."),
        ("falls", np.zeros(8), NOTHING, h.UNDECIDED, "over 8 experiments (8 jumps), q 1, not below 0.05."),
    ],
)  # fmt: skip
def test_each_verdict_of_the_rule(direction, jump, placebo, verdict, reason):
    hypothesis = FALLS._replace(direction=direction)
    (row,) = h.evaluate(contrasts_of(jump, placebo), [hypothesis], runs_of("mlp", 15)).to_dict("records")
    assert row["verdict"] == verdict
    assert reason in row["reason"]


def test_the_numbers_beside_a_verdict():
    contrasts = contrasts_of(JUMP, NOTHING)
    (row,) = h.evaluate(contrasts, [FALLS], runs_of("mlp", 15, excluded=3)).to_dict("records")
    assert (row["experiments"], row["pairs"], row["excluded"], row["placebo_experiments"]) == (8, 8, 3, 7)
    assert row["effect"] == pytest.approx(-5) and row["d_z"] == pytest.approx(-5 / SPREAD.std(ddof=1))
    half = stats.t.ppf(0.975, 7) * SPREAD.std(ddof=1) / np.sqrt(8)
    assert (row["low"], row["high"]) == (pytest.approx(-5 - half), pytest.approx(-5 + half))
    assert row["p"] == row["q"] == 2 / 2**8
    assert row["placebo"] == pytest.approx(NOTHING.mean()) and row["placebo_p"] == pytest.approx(1 / 6435)
    assert row["placebo_low"] < row["placebo"] < row["placebo_high"]
    # Twelve of the fifteen learned, six of each kind would find .8 in a minority of studies; eight and seven find more.
    assert 0.1 < row["planned_power"] < row["power"] < 0.5 and 1.2 < row["detectable"] < 2.5


def test_the_order_of_experiments_does_not_matter_even_to_random_draws():
    contrasts = contrasts_of(rng(0).normal(0.5, 1, 18), rng(1).standard_normal(13))
    first = h.evaluate(contrasts, [FALLS], runs_of("mlp", 31))
    again = h.evaluate(contrasts.sample(frac=1, random_state=1), [FALLS], runs_of("mlp", 31))
    pd.testing.assert_frame_equal(first, again, check_exact=True)


def test_only_hypotheses_with_enough_jumps_are_corrected_for():
    others = [FALLS._replace(id=f"H{i}") for i in range(2, 5)]
    found = pd.concat(
        [contrasts_of(JUMP, NOTHING), *(contrasts_of(JUMP[: 5 + i], [], each) for i, each in enumerate(others))]
    )
    table = h.evaluate(found, [FALLS, *others], runs_of("mlp", 15)).set_index("id")
    assert table["p"].tolist() == pytest.approx([2 / 2**8, np.nan, 2 / 2**6, 2 / 2**7], nan_ok=True)
    assert table["q"].tolist() == pytest.approx([6 / 2**8, np.nan, 2 / 2**6, 6 / 2**8], nan_ok=True)
    assert table["verdict"]["H2"] == h.TOO_FEW


# --- whole studies without an effect ---


def verdicts(draw, studies: int, hypotheses: int = 3) -> pd.Series:
    """How often each verdict is reached; draw(rng) gives contrasts of jumps and placebos."""
    declared = [FALLS._replace(id=f"H{i}") for i in range(1, hypotheses + 1)]
    reached = []
    for study in range(studies):
        table = pd.concat([contrasts_of(*draw(rng(study, i)), each) for i, each in enumerate(declared)])
        reached += h.evaluate(table, declared, runs_of("mlp", 14))["verdict"].tolist()
    return pd.Series(reached).value_counts(normalize=True).reindex(h.VERDICTS, fill_value=0.0)


def test_nothing_is_hardly_ever_supported_or_contradicted():
    found = verdicts(lambda r: (r.standard_normal(8), r.standard_normal(6)), 100)
    assert found[h.SUPPORTED] <= 0.02
    assert found[h.SUPPORTED] + found[h.EXPLAINED] + found[h.CONTRADICTED] <= 0.05


def test_what_time_does_in_all_experiments_alike_is_explained_by_time():
    found = verdicts(lambda r: (-4 + r.standard_normal(8), -4 + r.standard_normal(6)), 60)
    assert found[h.SUPPORTED] <= 0.05
    assert found[h.EXPLAINED] >= 0.9


# Steps of jumps as they are in the default study: most at the second and third measurement.
STEPS = [5, *[10] * 17, *[15] * 6, 20, 25, 25, 30, 40, 40, 90, 90, 120, 235, 1950]


@cache
def simulated(seed: int, effect: float, experiments: int = 16, direction: str = "falls") -> pd.Series:
    """One study: a quantity that decays in every unit of every run, and falls by `effect` more at each jump."""
    r = rng(seed)
    hypothesis = FALLS._replace(direction=direction)
    found = []
    for number in range(experiments):
        steps = r.choice(STEPS, 2) if number % 2 else []
        jumps = pd.DataFrame(
            {"layer": "x", "step": np.array(steps, dtype=int), "relative_magnitude": r.random(len(steps))}
        )
        planned = plan(jumps, np.arange(0, 2001, 5), 2000, [0, 0.1, 1], 10, {"early": 2, "middle": 1, "late": 2})
        planned |= {"experiment": f"e{number:02}", "seed": 0}
        measured = np.array(steps_of(planned))
        rate = r.lognormal(np.log(30), 0.5)
        value = np.exp(-measured / rate) + r.normal(0, 0.02, (6, len(measured)))
        value -= effect * (measured >= np.array(steps).reshape(-1, 1)).sum(axis=0)
        table = combine(entry(step, "x", "q", column) for step, column in zip(measured, value.T, strict=True))
        pair = h.run_contrasts(table, planned, hypothesis)
        found.append(pair.assign(hypothesis="H1", family="mlp", experiment=planned["experiment"], seed=0))
    return h.evaluate(h.by_experiment(pd.concat(found)), [hypothesis], runs_of("mlp", experiments)).loc[0]


def test_a_decay_without_any_effect_of_jumps_is_not_supported():
    found = [simulated(seed, effect=0.0) for seed in range(10)]
    reached = pd.Series([row["verdict"] for row in found]).value_counts()
    assert set(reached.index) <= {h.EXPLAINED, h.UNDECIDED}
    rising = [simulated(seed, effect=0.0, direction="rises")["verdict"] for seed in range(3)]
    assert set(rising) <= {h.EXPLAINED, h.UNDECIDED}, "nor is the opposite contradicted"
    # The trap is real: the paired difference alone would have found an effect.
    assert reached[h.EXPLAINED] >= 7
    assert np.mean([row["q"] < 0.05 for row in found]) > 0.6


def test_an_effect_of_jumps_is_found_under_a_decay():
    found = [simulated(seed, effect=0.5) for seed in range(3)]
    assert [row["verdict"] for row in found] == [h.SUPPORTED] * 3
    # It falls by 0.5 at a jump, and by 1 in a window that holds two.
    planted = [row["effect"] - simulated(seed, effect=0.0)["effect"] for seed, row in enumerate(found)]
    assert all(-1 <= change <= -0.5 for change in planted)
    assert simulated(0, effect=-0.9)["verdict"] == h.CONTRADICTED
