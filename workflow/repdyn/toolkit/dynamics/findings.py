"""What the paths say: is initialisation forgotten, does dimension turn, what emerges when, and is a curve a finding."""

import numpy as np
import pandas as pd
from scipy.stats import norm

from repdyn.dynamics.hunchback import sign_test
from repdyn.figures.panels import RUN
from repdyn.roles import EMBEDDING, OUTPUT
from repdyn.seeds import derive
from repdyn.statistics.fdr import benjamini_hochberg
from repdyn.statistics.intervals import mean_interval
from repdyn.toolkit.over_runs import joined, told
from repdyn.wording.numbers import over_runs, plural

ALPHA = 0.05
POWER = 0.8  # below which that nothing was found says nothing


NOTHING = "No paths were measured in this study."


def sentence(table: pd.DataFrame) -> str:
    """Whether initialisation is forgotten, and whether learning is abrupt."""
    if table.empty:
        return NOTHING
    known, abrupt = _abrupt(table)
    statement = "at the end layers lie {} from their own initialisation than from others"
    return joined(
        told("dynamics", _kept(_ends(_hidden(table))), "kept", statement, "less far", "farther"),
        f"the loss falls abruptly somewhere in {len(abrupt)} of {plural(len(known), 'run')}"
        if len(known)
        else "whether the loss falls abruptly is not evaluable",
    )


def limits(_table: pd.DataFrame) -> str:
    """What paths cannot say."""
    return (
        "Drift says that distances between examples changed, not what for. Between checkpoints the path of the weights is"
        " not seen: it is longer than the sum. The walk goes in all directions alike; noise in few of them would raise the"
        " share of its first component as well."
    )


def found(table: pd.DataFrame) -> list[str]:
    """Paragraphs on drift, on dimension and emergence, on phases and the path of the weights. A run is one number, the mean
    over its hidden layers; intervals and tests are over runs."""
    if table.empty:
        return [NOTHING]
    hidden = _hidden(table)
    table = table.assign(quantity=table["quantity"].astype(str), layer=table["layer"].astype(str))
    return [_drift(_ends(hidden)), f"{_turns(hidden)} {_emergence(table)}", f"{_phases(table)} {_weights(table)}"]


def _hidden(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of hidden layers. ends: whether of the last step of the run."""
    ends = table["step"] == table.groupby(RUN, observed=True)["step"].transform("max")
    table = table.assign(quantity=table["quantity"].astype(str), layer=table["layer"].astype(str), ends=ends)
    return table[~table["role"].isin(["", EMBEDDING, OUTPUT])]


def _ends(hidden: pd.DataFrame) -> pd.DataFrame:
    return hidden[hidden["ends"]]


def _drifted(hidden: pd.DataFrame) -> pd.DataFrame:
    """Drift from the own initialisation (value) and from others (null_mean), a row per run, the mean over layers."""
    rows = hidden[hidden["quantity"] == "drift_from_init"].dropna(subset=["value"])
    return rows.groupby(RUN)[["value", "null_mean"]].mean()


def _kept(hidden: pd.DataFrame) -> pd.Series:
    """How much nearer a run's layers are to their own initialisation than to others."""
    runs = _drifted(hidden)
    return runs["null_mean"] - runs["value"]


def _drift(hidden: pd.DataFrame) -> str:
    runs, kept = _drifted(hidden), _kept(hidden)
    if runs.empty:
        return "Drift was not evaluable in any run: too few examples."
    verdict = {1: "the own initialisation is not forgotten", -1: "the own is further than others", 0: "undecided"}
    sentence = (
        f"Drift, the mean over hidden layers of {plural(len(runs), 'run')}: at the last step a layer is"
        f" {_interval(runs['value'], 'drift')} from its own initialisation (1 - debiased CKA) and"
        f" {runs['null_mean'].mean():.2f} from other initialisations of the same network; the difference is"
        f" {_interval(kept, 'kept')}: {verdict[_side(kept, 'kept')]}."
    )
    late = hidden[hidden["quantity"].isin(["drift_from_previous", "drift_from_previous_error"])]
    wide = late.pivot_table(index=[*RUN, "layer"], columns="quantity", values="value", observed=True)
    if wide.shape[1] < 2:
        return sentence
    moving = wide["drift_from_previous"] > 3 * wide["drift_from_previous_error"]
    return (
        f"{sentence} From the last checkpoint but one, {int(moving.sum())} of {plural(len(moving), 'layer')} still moved"
        f" by more than three standard errors of a retest on other examples, by {_two(wide['drift_from_previous'].mean())}"
        " on average."
    )


def _turns(hidden: pd.DataFrame) -> str:
    rows = hidden[hidden["quantity"] == "turn"]
    layers = rows["value"].dropna()
    # Ties between the layers of a run are no direction.
    test = sign_test(np.sign(rows.groupby(RUN)["value"].sum(min_count=1)))
    counted = (
        f"Rise and then fall of the participation ratio (fitting, then compression), by the rule fixed beforehand:"
        f" {int((layers == 1).sum())} of {plural(len(layers), 'hidden layer')}, the reverse in {int((layers == -1).sum())},"
        f" neither in {int((layers == 0).sum())}. By run, the majority of its layers: {test.up} rise and then fall,"
        f" {test.down} fall and then rise, {test.neither} do neither"
    )
    if np.isnan(test.p) or _least_p(test.up + test.down) > ALPHA:
        return f"{counted}; too few for a sign test."
    ways = "the first" if test.up > test.down else "the second"
    verdict = f"{ways} is the rule" if test.p <= ALPHA else "undecided"
    return f"{counted} (exact two-sided sign test, p = {test.p:.2g}): {verdict}."


def _least_p(n: int) -> float:
    """The smallest p that a two-sided sign test of n runs can have."""
    return 2.0 ** (1 - n)


def _emergence(table: pd.DataFrame) -> str:
    classes, units = (table[table["quantity"] == name] for name in ("classes_emerged", "units_emerged"))
    onsets = table[table["quantity"].isin(["class_emergence", "unit_emergence"])]
    middle = onsets.groupby([*RUN, "quantity"])["value"].median().unstack()
    parts = []
    for rows, what, name in (
        (classes, "classes", "class_emergence"),
        (units, "units of layers after a ReLU", "unit_emergence"),
    ):
        if not rows["value"].notna().any():
            continue
        runs = rows.groupby(RUN)[["value", "null_mean"]].mean()
        excess = runs["value"] - runs["null_mean"]
        verdict = {1: "more", -1: "fewer", 0: "undecided"}[_side(excess, name)]
        steps = middle[name].dropna() if name in middle else pd.Series(dtype=float)
        when = f", in a run half of those by step {steps.min():.0f} to {steps.max():.0f}" if len(steps) else ""
        parts.append(
            f"{_percent(runs['value'].mean())} of {what}, with shuffled labels {_percent(runs['null_mean'].mean())}"
            f" (difference {_interval(excess, name)}: {verdict}){when}"
        )
    if not parts:
        return "Emergence was not evaluable."
    sentence = "Emerged, that is at half of their final effect and there to stay: " + "; ".join(parts) + "."
    steps = onsets.loc[onsets["quantity"] == "unit_emergence"].groupby(RUN)["value"]
    if units["value"].notna().any():
        at_once = steps.agg(lambda values: (values.dropna() == 0).mean())
        sentence += f" Of these units {_share(at_once)} have it before training: random features tell classes too."
    if {"class_emergence", "unit_emergence"} <= set(middle):
        lead = np.log2((middle["class_emergence"] + 1) / (middle["unit_emergence"] + 1)).dropna()
        order = {1: "units come first", -1: "classes come first", 0: "which comes first is undecided"}
        if len(lead):
            sentence += (
                f" Between the two medians lie {_interval(lead, 'lead')} doublings of the step:"
                f" {order[_side(lead, 'lead')]}, to the coarseness of the checkpoints."
            )
    return sentence


def _phase_tests(table: pd.DataFrame) -> pd.DataFrame:
    """phase_count, phase_p and phase_power, a row per run."""
    rows = table[table["quantity"].isin(["phase_count", "phase_p", "phase_power"])]
    rows = rows.assign(quantity=rows["quantity"].astype(str))
    return rows.pivot_table(index=RUN, columns="quantity", values="value", dropna=False, observed=True)


def _abrupt(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of `_phase_tests` that are evaluable, and those of them whose loss changes abruptly."""
    known = _phase_tests(table).dropna(subset=["phase_p"])
    if known.empty:
        return known, known
    adjusted = benjamini_hochberg(known["phase_p"].to_numpy())
    return known, known[(adjusted <= ALPHA) & (known["phase_count"] > 0)]


def _phases(table: pd.DataFrame) -> str:
    runs = _phase_tests(table)
    known, abrupt = _abrupt(table)
    if known.empty:
        return f"Phases were not evaluable in any of {plural(len(runs), 'run')}: too few measurements."
    quiet = known.drop(abrupt.index)
    blind = int((quiet["phase_power"] < POWER).sum())
    changes = table[(table["quantity"] == "phase_change")].set_index(RUN)
    changes = changes[changes.index.isin(abrupt.index)]
    text = (
        f"Phases: the loss changes abruptly, by more than its increments around allow, in {len(abrupt)} of"
        f" {plural(len(known), 'run')}"
        f" (false discovery rate {_percent(ALPHA)})"
    )
    if len(changes):
        first = changes.groupby(RUN).first()
        text += (
            f", first after step {first['reference'].min()} to {first['reference'].max()},"
            f" with {plural(len(changes), 'change point')} in all; a change that takes a few measurements may be found as"
            " two, and one that takes many is smooth"
        )
    text += "."
    if len(quiet):
        verdict = f"; too noisy to say that there is none in {blind} of them" if blind else ""
        text += (
            f" In {len(quiet)} none was found{verdict}: a planted step of a fifth of the range was found with a power of"
            f" {quiet['phase_power'].min():.2f} to {quiet['phase_power'].max():.2f}."
        )
    missing = len(runs) - len(known)
    return text + (f" Not evaluable in {plural(missing, 'run')}." if missing else "")


def _weights(table: pd.DataFrame) -> str:
    rows = table[table["quantity"] == "pc1_share"].dropna(subset=["value"])
    if rows.empty:
        return "The path of the weights was not evaluable: too few checkpoints."
    z = (rows["value"] - rows["null_mean"]) / rows["null_sd"].where(rows["null_sd"] > 0)
    p = benjamini_hochberg(2 * norm.sf(np.abs(z.to_numpy(float))))
    over = int(((p <= ALPHA) & (z > 0)).sum())
    below = int(((p <= ALPHA) & (z < 0)).sum())
    straight = table[table["quantity"] == "straightness"].set_index(RUN)
    gain = straight["value"] - straight["null_mean"]
    cosines = table[table["quantity"] == "step_cosine"].groupby(RUN)["value"].mean()
    rate = table[table["quantity"] == "step_norm_per_update"]
    rate = rate.groupby(RUN)["value"].agg(["first", "last"])
    verdict = {1: "straighter than a random walk", -1: "less straight than a random walk", 0: "undecided"}
    return (
        f"Weights: the first principal component of the path holds {_share(rows['value'])} of its variance, of a random walk"
        f" with the same lengths {_share(rows['null_mean'])};"
        f" more than the walk in {over} of {plural(len(rows), 'run')}, less in {below}. The way from start to end is"
        f" {_interval(straight['value'], 'straight')} of the length of the path, {_interval(gain, 'gain')} more than of the"
        f" walk: {verdict[_side(gain, 'gain')]}. Successive ways have a mean cosine of {_interval(cosines, 'cosine')}"
        f" (random directions: 0). Per update, steps shrank from {_two(rate['first'].mean())} to"
        f" {_two(rate['last'].mean())} on average."
    )


def _interval(values: pd.Series, name: str) -> str:
    return over_runs(*_of_runs(values, name), int(values.notna().sum()))


def _side(values: pd.Series, name: str) -> int:
    """1 or -1 where the interval over runs leaves 0 out, else 0."""
    _, low, high = _of_runs(values, name)
    return 0 if np.isnan(low) or low <= 0 <= high else int(np.sign(low))


def _of_runs(values: pd.Series, name: str) -> tuple[float, float, float]:
    return mean_interval(values.to_numpy(float), np.random.default_rng(derive("dynamics findings", name)))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _share(values: pd.Series) -> str:
    low, high = _percent(values.min()), _percent(values.max())
    return low if low == high else f"{low} to {high}"


def _two(value: float) -> str:
    return f"{value:.2g}"
