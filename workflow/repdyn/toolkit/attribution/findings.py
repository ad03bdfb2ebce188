"""What the page says about attribution: which maps follow the network, and which only the input."""

import numpy as np
import pandas as pd
from scipy.stats import norm

from repdyn.seeds import derive
from repdyn.statistics.fdr import benjamini_hochberg
from repdyn.statistics.intervals import MINIMUM_RUNS, mean_interval
from repdyn.toolkit.over_runs import joined
from repdyn.wording.numbers import interval, plural, two_decimals

METHODS = {
    "saliency": "saliency",
    "gradient_x_input": "gradient × input",
    "integrated_gradients": "integrated gradients",
    "grad_cam": "Grad-CAM",
    "lrp_z_plus": "LRP z+",
    "deeplift": "DeepLIFT",
}
# Linear functions fitted to coalitions of groups of features, which have no map.
SURROGATES = {"kernel_shap": "KernelSHAP", "lime": "LIME"}

RUN = ["experiment", "seed"]
FDR = 0.05


NOTHING = "No attribution was measured in this study."


def sentence(table: pd.DataFrame) -> str:
    """Which maps follow what the output rests on, and which show no more than the input."""
    if table.empty:
        return NOTHING
    last, deepest = _last(table)
    deletion, kept = _tested(last, "deletion/"), _surviving(deepest)
    faster = [
        f"{label} in {_of(runs, 'above')}"
        for name, label in METHODS.items()
        if ((runs := deletion[deletion["method"] == name])["verdict"] == "above").any()
    ]
    deleted = (
        "replaced in the order of a map, features take the output down faster than in random order by"
        f" {', '.join(faster)} runs"
        if faster
        else "nothing was found: in the order of no map do features take the output down faster than in random order"
    )
    redrawn = (
        f"maps of {', '.join(kept)} keep more than half of their order in a network with random weights, and so show there"
        " more of the input than of what was learned"
        if kept
        else "no map keeps more than half of its order in a network with random weights"
    )
    return joined(deleted, redrawn)


def limits(_table: pd.DataFrame) -> str:
    """What a map cannot say."""
    return (
        "Deletion shows whether a map is faithful to its network, not whether the network has learned, and replaced features"
        " make inputs that the data do not hold. Weights were re-initialised once per run. That methods agree does not make"
        " them right."
    )


def found(table: pd.DataFrame) -> list[str]:
    """Paragraphs on deletion, on re-initialised weights, and on completeness, Shapley values, baselines and best inputs.

    table: as for `findings`. A run is tested against its null (normal, two-sided), with the false discovery rate over the
    methods and runs of a question; means over runs have `intervals.mean_interval`.
    """
    if table.empty:
        return [NOTHING]
    table = table.assign(quantity=table["quantity"].astype(str), layer=table["layer"].astype(str))
    last, deepest = _last(table)
    first = table[table["step"] == table.groupby(RUN)["step"].transform("min")]
    return [_deletion(last, first), _sanity(deepest, last), _checks(last), _best_inputs(last)]


def _last(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of the last step of every run; those of them on maps after all layers were re-initialised."""
    table = table.assign(quantity=table["quantity"].astype(str), layer=table["layer"].astype(str))
    last = table[table["step"] == table.groupby(RUN)["step"].transform("max")]
    return last, last[last["quantity"].str.startswith("sanity/")].groupby([*RUN, "quantity"], sort=False).tail(1)


def _surviving(deepest: pd.DataFrame) -> list[str]:
    """Methods whose maps keep more than half of their order, in some run, when all weights are new."""
    redrawn = _tested(deepest, "sanity/")
    names = set(redrawn[(redrawn["verdict"] == "above") & (redrawn["value"] > 0.5)]["method"])
    return [label for name, label in METHODS.items() if name in names]


def _deletion(last: pd.DataFrame, first: pd.DataFrame) -> str:
    now, before = _tested(last, "deletion/"), _tested(first, "deletion/")
    parts = []
    for name, label in METHODS.items():
        runs = now[now["method"] == name]
        if runs.empty:
            continue
        worse = _names(runs[runs["verdict"] == "below"])
        text = f"{label} in {_of(runs, 'above')} runs{worse and f' (slower than random in {worse})'}"
        parts.append(f"{text}, mean area gained {_judged(runs['value'], name)}")
    early = [f"{label} {_of(before[before['method'] == name], 'above')}" for name, label in METHODS.items()
             if (before["method"] == name).any()]  # fmt: skip
    absent = [label for name, label in METHODS.items() if 0 < (now["method"] == name).sum() < now.groupby(RUN).ngroups]
    missing = (
        f" Not evaluable in some runs: {', '.join(absent)} (Grad-CAM needs convolutions; LRP and DeepLIFT have no rule"
        " for the LayerNorm and softmax of transformers)."
        if absent
        else ""
    )
    return (
        f"Deletion at the last step, in {plural(now.groupby(RUN).ngroups, 'run')}: the output of the true class falls faster"
        f" than in random orders when the features that a method ranks first are replaced: {'; '.join(parts)}. Areas are in"
        f" units of the mean change that replacing everything makes. At the first measured step it was so for"
        f" {', '.join(early)} runs.{missing}"
    )


def _sanity(deepest: pd.DataFrame, last: pd.DataFrame) -> str:
    redrawn, kept = _tested(deepest, "sanity/"), _tested(last, "kept/")
    parts = []
    for name, label in METHODS.items():
        runs, same = redrawn[redrawn["method"] == name], kept[kept["method"] == name]
        if runs.empty:
            continue
        tested = runs[runs["verdict"] != "not evaluable"]
        text = f"{label} in {_of(runs, 'above')} runs"
        if len(tested):
            text += f" (mean rank correlation {tested['value'].mean():.2f}, of maps of other examples"
            text += f" {tested['null_mean'].mean():.2f})"
        if len(same):
            text += f", and like those of the first step in {_of(same, 'above')}"
        parts.append(text)
    if not parts:
        return "Re-initialised weights: not evaluable, no run has finite outputs at its last step."
    strong = _surviving(deepest)
    verdict = (
        f"With a correlation above one half in at least one run, maps of {', '.join(strong)} show there more of the input"
        " than of what was learned."
        if strong
        else "In no run do maps keep more than half of their order."
    )
    return (
        "Re-initialised weights: with new random weights in all layers, maps still resemble those of the trained"
        " network more than"
        f" maps of other examples do: {'; '.join(parts)}. {verdict}"
    )


def _checks(last: pd.DataFrame) -> str:
    texts = []
    for name, what in (
        (
            "completeness/integrated_gradients",
            "integrated gradients miss the change of the output that they should sum to by",
        ),
        ("completeness/deeplift", "DeepLIFT misses it by"),
        ("completeness/lrp_z_plus", "biases keep of the output, in LRP,"),
    ):
        shares = 100 * last[last["quantity"] == name]["value"].dropna()
        if len(shares):
            texts.append(f"{what} {shares.min():.2g} to {shares.max():.2g} % ({plural(len(shares), 'run')})")
    shapley = _tested(last, "shapley/")
    parts = []
    for name, label in METHODS.items():
        runs = shapley[shapley["method"] == name]
        if len(runs):
            parts.append(f"{label} {_judged(runs['value'] - runs['null_mean'], 'shapley' + name)}")
    if parts:
        texts.append(
            "the rank correlation of sums over groups of features with exact Shapley values exceeds that with those of other"
            f" examples by {'; '.join(parts)}"
        )
    texts += _fits(last)
    pairs = last[last["quantity"].str.startswith("agreement/")].groupby("quantity")["value"].mean().dropna()
    if len(pairs):
        ends = [
            " and ".join(METHODS[name] for name in pair.split("/")[1:]) for pair in (pairs.idxmin(), pairs.idxmax())
        ]
        texts.append(
            f"methods agree least for {ends[0]} ({pairs.min():.2f}) and most for {ends[1]} ({pairs.max():.2f}), mean rank"
            " correlations of absolute maps"
        )
    other = last[last["quantity"] == "baseline/integrated_gradients"]["value"].dropna()
    if len(other):
        texts.append(f"with another baseline integrated gradients keep {_interval(other, 'baseline')} of their order")
    single = last[last["quantity"].str.startswith("constant/") & (last["value"] > 0.5)]
    if len(single):
        names = [METHODS[quantity.removeprefix("constant/")] for quantity in single["quantity"]]
        cases = zip(names, single["experiment"], 100 * single["value"], strict=True)
        found = ", ".join(f"{name} in {experiment} ({share:.0f} %)" for name, experiment, share in cases)
        texts.append(f"most maps have one value only and rank nothing for {found}")
    return (
        "Checks: " + ". ".join(text[0].upper() + text[1:] for text in texts) + "."
        if texts
        else "Checks: not evaluable."
    )


def _fits(last: pd.DataFrame) -> list[str]:
    """Whether surrogates give Shapley values, and the same when they are fitted again."""
    texts = []
    for name, label in SURROGATES.items():
        value, again, gap = (
            last[last["quantity"] == f"{kind}/{name}"]["value"].dropna()
            for kind in ("shapley", "repeated", "completeness")
        )
        if len(value):
            texts.append(
                f"{label} from a few coalitions orders groups as exact Shapley values do with a rank correlation of"
                f" {_interval(value, 'surrogate' + name)}, as a second fit does with {_interval(again, 'again' + name)}; its"
                f" numbers miss the change of the output by {100 * gap.max():.2g} % at most"
            )
    return texts


def _best_inputs(last: pd.DataFrame) -> str:
    rows = last[last["quantity"].isin(["maximised/gain", "maximised/cosine"])].dropna(subset=["value"])
    if rows.empty:
        return "Best inputs of units: not evaluable, no run on images or vectors has units that rise above zero."
    excess = rows.assign(excess=rows["value"] - rows["null_mean"]).groupby([*RUN, "quantity"])["excess"].mean()
    ratio = rows[rows["quantity"] == "maximised/gain"].groupby(RUN)["value"].median()
    likeness = excess.xs("maximised/cosine", level="quantity")
    natural = last[last["quantity"] == "maximised/natural_cosine"].dropna(subset=["value"])
    smooth = (natural["value"] - natural["null_mean"]).groupby([natural[name] for name in RUN]).mean()
    again = (
        f" Sought among images with the spectrum of photographs, and shifted, it does by {_judged(smooth, 'natural')}."
        if len(smooth)
        else ""
    )
    return (
        f"Best inputs of units: those found on the ball of the median training norm excite a unit"
        f" {ratio.min():.2g} to {ratio.max():.2g} times as much as its best held-out example (medians of"
        f" {plural(len(ratio), 'run')}). Their cosine with the examples that excite the unit most exceeds that with random"
        f" examples by {_judged(likeness, 'cosine')}.{again} Texts are not evaluable: words are no points of a ball."
    )


def _tested(table: pd.DataFrame, prefix: str) -> pd.DataFrame:
    """Rows of a question with method, and verdict: above, below or like their null, or not evaluable."""
    rows = table[table["quantity"].str.startswith(prefix)].copy()
    rows["method"] = rows["quantity"].str.removeprefix(prefix)
    z = ((rows["value"] - rows["null_mean"]) / rows["null_sd"].where(rows["null_sd"] > 0)).to_numpy(dtype=float)
    adjusted = benjamini_hochberg(2 * norm.sf(np.abs(z)))
    sign = np.where(z > 0, "above", "below")
    rows["verdict"] = np.where(np.isnan(z), "not evaluable", np.where(adjusted <= FDR, sign, "like"))
    return rows


def _of(runs: pd.DataFrame, verdict: str) -> str:
    """ "5 of 6", the runs that were not evaluable left out and named as such."""
    known = runs[runs["verdict"] != "not evaluable"]
    lost = len(runs) - len(known)
    return f"{(known['verdict'] == verdict).sum()} of {len(known)}" + (f" ({lost} not evaluable)" if lost else "")


def _names(runs: pd.DataFrame) -> str:
    return ", ".join(dict.fromkeys(runs["experiment"]))


def _interval(values: pd.Series, purpose: str) -> str:
    return _format(*mean_interval(values.to_numpy(dtype=float), _rng(purpose)))


def _judged(values: pd.Series, purpose: str) -> str:
    """A mean over runs with its interval, and whether that leaves 0 out."""
    mean, low, high = mean_interval(values.to_numpy(dtype=float), _rng(purpose))
    verdict = "" if np.isnan(low) else ", undecided" if low <= 0 <= high else ", above 0" if low > 0 else ", below 0"
    return _format(mean, low, high) + verdict


def _format(mean: float, low: float, high: float) -> str:
    if np.isnan(mean):
        return "not evaluable"
    if np.isnan(low):
        return f"{mean:.2f} (fewer than {MINIMUM_RUNS} runs: no interval)"
    return interval(mean, low, high, two_decimals)


def _rng(purpose: str) -> np.random.Generator:
    return np.random.default_rng(derive("attribution findings", purpose))
