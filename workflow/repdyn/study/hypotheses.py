"""Hypotheses about what changes at jumps: contrasts with controls, their tests, and verdicts.

The hypotheses and the rule of the verdicts are in config/hypotheses.yaml. Everything changes faster early in training, and
the control of an early jump comes after it, so a contrast confounds the jump with time. Experiments without jumps carry a
placebo, whose contrast is what time alone does.
"""

from itertools import combinations
from math import comb
from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.errors import StudyError
from repdyn.seeds import derive
from repdyn.statistics.fdr import benjamini_hochberg
from repdyn.statistics.intervals import mean_interval
from repdyn.statistics.power import detectable, power

SUPPORTED, EXPLAINED, CONTRADICTED = "supported", "explained by time", "contradicted"
UNDECIDED, TOO_FEW = "undecided", "not enough jumps"
VERDICTS = (SUPPORTED, EXPLAINED, CONTRADICTED, UNDECIDED, TOO_FEW)

ALPHA = 0.05
# With six experiments the smallest two-sided p of sign flips is 1 / 32, with five 1 / 16.
MINIMUM_EXPERIMENTS = 6
EXACT = 2**16  # rearrangements, up to which all are tried
EFFECT, POWER = 0.8, 0.8  # a large effect (Cohen 1988), in standard deviations, and how often it should be found
DRAWS = 9999  # random ones otherwise, beside the observed arrangement
CONTROL = {"jump": "control", "placebo": "placebo control"}
SIGN = {"falls": -1, "rises": 1}

PAIR_COLUMNS = ("hypothesis", "family", "experiment", "seed", "kind", "pair", "contrast")


class Hypothesis(NamedTuple):
    """One hypothesis in one family; the fields are explained in config/hypotheses.yaml."""

    id: str
    family: str
    question: str
    quantity: str
    minus_null: bool
    compare: str
    periods: tuple[str, ...]
    direction: str


def by_family(content: dict[str, dict]) -> list[Hypothesis]:
    """The content of config/hypotheses.yaml as one hypothesis per id and family, in the order of the file."""
    return [
        Hypothesis(name, family, periods=tuple(entry["periods"]), **{key: entry[key] for key in SAME})
        for name, entry in content.items()
        for family in entry["families"]
    ]


SAME = ("question", "quantity", "minus_null", "compare", "direction")


# --- one run ---


def matched_windows(moments: list[dict]) -> list[tuple[dict, dict]]:
    """(window, its matched control) of every jump and placebo that has one, by pair.

    moments: as in moments.json. Raises StudyError for a pair that is not one jump or placebo with at most one control.
    """
    pairs = {}
    for moment in moments:
        pairs.setdefault(moment["pair"], []).append(moment)
    matched = []
    for pair, members in sorted(pairs.items()):
        own = [moment for moment in members if moment["kind"] in CONTROL]
        others = [moment for moment in members if moment not in own]
        if len(own) != 1 or len(others) > 1 or any(moment["kind"] != CONTROL[own[0]["kind"]] for moment in others):
            kinds = ", ".join(moment["kind"] for moment in members)
            raise StudyError(
                f"pair {pair} of moments.json is {kinds}; a jump or placebo and at most its control make a pair"
            )
        if others:
            matched.append((own[0], others[0]))
    return matched


def run_contrasts(table: pd.DataFrame, planned: dict, hypothesis: Hypothesis) -> pd.DataFrame:
    """Contrasts of the jumps and placebos of one run in the periods of a hypothesis: columns kind, pair, contrast.

    table: measurements of the run, with step, reference, layer, unit, quantity, value, null_mean. planned: moments.json. A
    window without control has no contrast; a contrast is NaN where no unit or layer was evaluable. Raises StudyError where
    the quantity was not measured in a window, or measured twice.
    """
    try:
        matched = matched_windows(planned["moments"])
        asked = [both for both in matched if both[0]["period"] in hypothesis.periods]
        windows = [(moment["before"], moment["after"]) for both in asked for moment in both]
        value = _values(table, windows, min(planned["grid"]), hypothesis) if windows else np.empty(0)
    except StudyError as error:
        raise StudyError(f"{planned['experiment']}, seed {planned['seed']}: {error}") from None
    return pd.DataFrame(
        {
            "kind": [moment["kind"] for moment, _ in asked],
            "pair": [moment["pair"] for moment, _ in asked],
            "contrast": value[::2] - value[1::2],
        }
    )


def _values(table, windows, initial: int, hypothesis: Hypothesis) -> np.ndarray:
    part = table[table["quantity"] == hypothesis.quantity]
    if hypothesis.minus_null:
        part = part.assign(value=part["value"] - part["null_mean"])
    if hypothesis.compare == "across":
        return across(part, windows, hypothesis.quantity)
    return changes(part, windows, initial, hypothesis.quantity)


def changes(part: pd.DataFrame, windows: list[tuple[int, int]], initial: int, quantity: str) -> np.ndarray:
    """Value at the second step minus value at the first, a mean over layers and units, for (m,) windows -> (m,).

    part: rows of one quantity, which errors name. Only units that are evaluable (not NaN) at both steps count: a unit that
    dies changes nothing in the others. Rows that compare with a step other than `initial` are left out. NaN where no unit
    is left.
    """
    steps = {step for window in windows for step in window}
    part = part[part["step"].isin(steps) & (part["reference"].isna() | (part["reference"] == initial)).to_numpy(bool)]
    if missing := sorted(steps - set(part["step"])):
        raise StudyError(f"{quantity} was not measured at step {missing[0]}; every step of moments.json is needed")
    keys = [part["layer"].astype(str), part["unit"].astype("Int64").fillna(-1), part["step"]]
    index = pd.MultiIndex.from_arrays([key.to_numpy() for key in keys])
    if index.has_duplicates:
        layer, unit, step = index[index.duplicated()][0]
        raise StudyError(f"{quantity} has several values for layer {layer!r}, unit {unit}, step {step}; one is needed")
    values = pd.Series(part["value"].to_numpy(np.float64), index).unstack()
    return np.array([(values[after] - values[before]).mean() for before, after in windows])


def across(part: pd.DataFrame, windows: list[tuple[int, int]], quantity: str) -> np.ndarray:
    """Mean over layers and units of the values that compare the second step with the first, for (m,) windows -> (m,).

    part: rows of one quantity, which errors name; reference is the first step. NaN where no unit was evaluable.
    """
    found = part.groupby(["step", "reference"], observed=True)["value"].mean()
    if missing := [window for window in windows if window[::-1] not in found.index]:
        before, after = missing[0]
        raise StudyError(
            f"{quantity} was not measured at step {after} against {before}; every window of moments.json is needed"
        )
    return np.array([found[after, before] for before, after in windows])


# --- all runs ---


def by_experiment(pairs: pd.DataFrame) -> pd.DataFrame:
    """Mean contrast of each experiment: over the pairs of a run, then over its seeds, those that jump and those that do not.

    pairs: PAIR_COLUMNS, a row per pair; contrasts that are NaN do not count. A run with jumps is no placebo of the same
    hypothesis; another seed of its experiment that has none is, or with many seeds no placebo would be left. Columns
    hypothesis, family, experiment, kind, pairs, contrast.
    """
    names = ["hypothesis", "family", "experiment", "kind"]
    known = pairs[pairs["contrast"].notna()]
    jumps = (
        (known["kind"] == "jump").groupby([known[name] for name in (*names[:3], "seed")]).transform("any").astype(bool)
    )
    runs = known[(known["kind"] == "jump") | ~jumps].groupby([*names, "seed"])["contrast"].agg(["size", "mean"])
    found = runs.groupby(names).agg(pairs=("size", "sum"), contrast=("mean", "mean")).reset_index()
    return found.astype({"pairs": np.int64, "contrast": np.float64})


def sign_flip_p(contrasts: np.ndarray, rng: np.random.Generator) -> float:
    """Two-sided p that contrasts (n,) are symmetric about 0, by flipping their signs (Fisher 1935).

    All 2^n patterns of signs while these are at most EXACT, else DRAWS random ones and the observed one.
    """
    x = np.asarray(contrasts, dtype=np.float64)
    n = len(x)
    if n == 0 or not np.isfinite(x).all():
        raise StudyError("sign flips need at least one contrast, all of them finite")
    if 2**n <= EXACT:
        flipped = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    else:
        flipped = np.concatenate([np.zeros((1, n), dtype=np.int64), rng.integers(0, 2, (DRAWS, n))])
    sums = np.abs(x.sum() - 2 * (flipped @ x))
    # Patterns of equal sums must count as equal, whatever the order in which they were added.
    return float((sums >= abs(x.sum()) - 1e-9 * np.abs(x).sum()).mean())


def label_permutation_p(first: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> float:
    """Two-sided p that (n,) and (m,) values have one mean, by permuting which group each belongs to; n, m >= 2.

    The statistic is Welch's t, for which the test also holds, for many values, where the groups differ in variance (Janssen
    1997; Chung & Romano 2013). All divisions while these are at most EXACT, else DRAWS random ones and the observed one.
    """
    values = np.concatenate([first, second]).astype(np.float64)
    n, total = len(first), len(values)
    if min(n, total - n) < 2 or not np.isfinite(values).all():
        raise StudyError("a permutation test needs two groups of at least two finite values")
    if np.ptp(values) == 0:
        return 1.0
    if comb(total, n) <= EXACT:
        chosen = np.array(list(combinations(range(total), n)))
    else:
        chosen = rng.permuted(np.tile(np.arange(total), (DRAWS, 1)), axis=1)[:, :n]
        chosen = np.concatenate([np.arange(n)[None], chosen])
    member = np.zeros((len(chosen), total))
    np.put_along_axis(member, chosen, 1.0, axis=1)
    statistic = np.abs(_welch(member, (values - values.mean()) / values.std()))
    observed = statistic[0]  # the first division is the observed one, in either case
    return float((statistic >= observed - 1e-9 * min(observed, 1e9)).mean())


def _welch(member: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Welch's t of every division, member (divisions, n) of 0 and 1, of standardised values (n,)."""
    means, errors = [], 0.0
    for inside in (member, 1 - member):
        count = inside.sum(axis=1)
        mean = inside @ values / count
        variance = (inside @ values**2 - count * mean**2) / (count - 1)
        means.append(mean)
        errors = errors + np.where(variance > 1e-12, variance, 0.0) / count
    difference = means[0] - means[1]
    difference[np.abs(difference) < 1e-12] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(difference == 0, 0.0, difference / np.sqrt(errors))


def evaluate(contrasts: pd.DataFrame, hypotheses: list[Hypothesis], runs: pd.DataFrame) -> pd.DataFrame:
    """Effect, tests and verdict of every hypothesis.

    contrasts: as of `by_experiment`. runs: a row per run with experiment, seed, family, excluded (bool). One row per
    hypothesis and family:
      id, family, question, quantity, periods
      experiments, pairs   with jumps that have a control; excluded: runs of the family that were left out
      effect, low, high    mean contrast of jumps over experiments with `intervals.mean_interval`
      d_z                  effect over the standard deviation of experiments
      p, q                 of `sign_flip_p`, and Benjamini-Hochberg over all rows with a p; NaN: too few experiments
      placebo, placebo_low, placebo_high, placebo_experiments
                           mean contrast of placebos, likewise
      placebo_p            of `label_permutation_p`, jumps against placebos; NaN: too few of either
      planned_power        how often an effect of EFFECT would be found if half of the experiments that learned jumped and
                           half were placebos, known before any jump was looked for
      power, detectable    the same with the experiments and placebos that there are, and the effect that would be found in
                           POWER of studies, in standard deviations; NaN: too few of either
      verdict, reason
    """
    rows = [_estimate(contrasts, hypothesis, runs) for hypothesis in hypotheses]
    for row, q in zip(rows, benjamini_hochberg([row["p"] for row in rows]), strict=True):
        row["q"] = float(q)
    for row, hypothesis in zip(rows, hypotheses, strict=True):
        row["verdict"], row["reason"] = decide(row, hypothesis.direction)
    return pd.DataFrame(rows)


def _estimate(contrasts: pd.DataFrame, hypothesis: Hypothesis, runs: pd.DataFrame) -> dict:
    own = contrasts[(contrasts["hypothesis"] == hypothesis.id) & (contrasts["family"] == hypothesis.family)]
    own = own.sort_values("experiment")
    family = runs[runs["family"] == hypothesis.family]
    jump, placebo = (own.loc[own["kind"] == kind, "contrast"].to_numpy(np.float64) for kind in CONTROL)

    def rng(purpose):
        return np.random.default_rng(derive("hypotheses", hypothesis.id, hypothesis.family, purpose))

    effect, low, high = mean_interval(jump, rng("effect"))
    placebo_mean, placebo_low, placebo_high = mean_interval(placebo, rng("placebo"))
    learned = family.loc[~family["excluded"].astype(bool), "experiment"].nunique()
    enough = len(jump) >= MINIMUM_EXPERIMENTS
    comparable = enough and len(placebo) >= MINIMUM_EXPERIMENTS
    return {
        "id": hypothesis.id,
        "family": hypothesis.family,
        "question": hypothesis.question,
        "quantity": hypothesis.quantity,
        "periods": ", ".join(hypothesis.periods),
        "experiments": len(jump),
        "pairs": int(own.loc[own["kind"] == "jump", "pairs"].sum()),
        "excluded": int(family["excluded"].sum()),
        "effect": effect,
        "low": low,
        "high": high,
        "d_z": effect / jump.std(ddof=1) if len(jump) > 1 and np.ptp(jump) > 0 else np.nan,
        "p": sign_flip_p(jump, rng("flips")) if enough else np.nan,
        "q": np.nan,
        "placebo": placebo_mean,
        "placebo_low": placebo_low,
        "placebo_high": placebo_high,
        "placebo_experiments": len(placebo),
        "placebo_p": label_permutation_p(jump, placebo, rng("labels")) if comparable else np.nan,
        "planned_power": power(half, learned - half, EFFECT, rng("power")) if (half := learned // 2) > 1 else np.nan,
        "power": power(len(jump), len(placebo), EFFECT, rng("power")) if comparable else np.nan,
        "detectable": detectable(len(jump), len(placebo), POWER, rng("power")) if comparable else np.nan,
    }


def decide(row: dict, direction: str) -> tuple[str, str]:
    """Verdict and reason of a hypothesis, by the rule of config/hypotheses.yaml.

    row: experiments, pairs, excluded, family, quantity, periods, effect, q, placebo, placebo_experiments, placebo_p.
    direction: "falls" or "rises".
    """
    if row["experiments"] < MINIMUM_EXPERIMENTS:
        left_out = f" Runs left out because they diverged or stayed at chance: {row['excluded']}."
        return TOO_FEW, (
            f"Experiments ({row['family']}) with a jump ({row['periods']}) that has a control: {row['experiments']}; "
            f"{MINIMUM_EXPERIMENTS} are needed.{left_out if row['excluded'] else ''}"
        )
    found = (
        f"{row['quantity'].replace('_', ' ').capitalize()}, jumps minus controls: {row['effect']:.3g} over "
        f"{row['experiments']} experiments ({row['pairs']} jumps), q {row['q']:.2g}"
    )
    if not row["q"] < ALPHA:
        return UNDECIDED, f"{found}, not below {ALPHA:g}."
    beyond = row["placebo_p"] < ALPHA and np.sign(row["effect"] - row["placebo"]) == np.sign(row["effect"])
    time = _placebo_told(row, beyond)
    stated = np.sign(row["effect"]) == SIGN[direction]
    if not stated:
        found += f"; it should be {'negative' if direction == 'falls' else 'positive'}"
    if row["placebo_experiments"] < MINIMUM_EXPERIMENTS:
        return UNDECIDED, f"{found}. {time}; {MINIMUM_EXPERIMENTS} are needed to tell jumps from time."
    if not beyond:
        return EXPLAINED, f"{found}. {time}."
    return (SUPPORTED if stated else CONTRADICTED), f"{found}. {time}."


def _placebo_told(row: dict, beyond: bool) -> str:
    experiments = row["placebo_experiments"]
    if experiments == 0:
        return f"No experiment has a placebo of this period ({row['periods']})"
    shown = f"Without jumps it is {row['placebo']:.3g} ({experiments} experiment{'' if experiments == 1 else 's'}"
    if experiments < MINIMUM_EXPERIMENTS:
        return f"{shown})"
    return f"{shown}, p {row['placebo_p']:.2g} for a difference){'' if beyond else ': time alone may do it'}"
