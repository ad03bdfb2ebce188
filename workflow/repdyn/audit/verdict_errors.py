"""How often each rule would give which word: studies drawn with a known truth, at the design and dispersion of our runs.

A drawn study has the experiments of ours, with one seed or several. What architectures, datasets, experiments and seeds have
in common is normal (`field`); through it every run draws its events, shares or values, with the mean that the truth asks for
and the dispersion that our runs show.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.audit.bounds import POWER, TRUTHS, allowed_wrong, corrected, right_word, sides, true_value, word
from repdyn.audit.estimates import CHANGE, COUNT, MEAN, SHARE, Ratio, Sums, arrays, contrast, interval
from repdyn.audit.type_errors import type_errors
from repdyn.seeds import derive

STUDIES = 400
SEEDS = (1, 5)  # designs, beside that of the study
NOTHING = "nothing to draw from"
FIXED = "the definition fixes the number, so no draw changes the word"
GRID = 256  # quantiles of a margin
# Shares of the variance between experiments that architectures and datasets have in common, of that between runs that seeds
# have: at least, and at most, whatever so few clusters seem to show. One seed shows nothing of the last.
CLUSTER_SHARES, SEED_SHARE = (0.1, 0.4), 0.5
ICC = (0.02, 0.5)  # of events of one run
VARIATION = (0.05, 8.0)  # squared coefficient of variation of the rates of runs
COLUMNS = [
    "claim", "part", "seeds", "truth", "holds", "does_not_hold", "undecided", "right", "wrong", "allowed", "decides",
    "coverage", "jumps", "rests_on_jumps", "note",
]  # fmt: skip


class Design(NamedTuple):
    """Experiments and their clusters (E,), and seeds: runs are experiments repeated, seed by seed."""

    first: np.ndarray
    second: np.ndarray
    seeds: int


def verdict_errors(
    terms: pd.DataFrame, claims: list[dict], seeds: int, studies: int = STUDIES, designs: tuple[int, ...] = SEEDS
) -> pd.DataFrame:
    """COLUMNS, a row per claim, part, number of seeds and truth: how often each word is given.

    terms: `columns.deciding` of our runs. claims: those of config/claims.yaml. seeds: of our study, drawn beside
    those of `designs`. right: the word that is true (where the truth lies on a bound, none is), wrong: one that is
    not, undecided being neither. allowed: WRONG and twice the error of so many draws. decides: right in POWER of
    studies where the claim is true as published, wrong in no more than allowed under any truth. coverage: how often
    the 95 % interval of the quantity has the true value in it, of the condition in which it is rarest. Other claims
    are true as published or false, by a coin, and all are corrected together. note: why a row has no shares, or how its
    shares were drawn where it is in another way (`type_errors`).
    """
    asked = [
        (claim["id"], condition.get("part", ""), condition, own)
        for claim in claims
        for condition in claim["verdict"].get("conditions", ())
        for own in [terms[(terms["claim"] == claim["id"]) & (terms["quantity"] == condition["quantity"])]]
    ]
    # A part of a claim can only be drawn where all of its conditions have something to draw from.
    empty = {each[:2] for each in asked if not _can_be_drawn(each[3])}
    rows, further = [], []
    for number in sorted({*designs, seeds}):
        possible = [each for each in asked if each[:2] not in empty]
        drawn = [_drawn(claim, each, own, number, studies) for claim, _, each, own in possible]
        rows += _words(possible, drawn, number, studies) if possible else []
        rows += [_nothing(*key, number, [each[2] for each in asked if each[:2] == key]) for key in sorted(empty)]
        further += [row for claim in claims for row in _without_bounds(claim, terms, number, seeds)]
    table = pd.DataFrame([*(dict(zip(COLUMNS, row, strict=True)) for row in rows), *further], columns=COLUMNS)
    return table.sort_values(["claim", "seeds"], kind="stable", ignore_index=True)


def _nothing(claim: str, part: str, seeds: int, conditions: list[dict]) -> tuple:
    """A row where our runs have no event or value to draw from."""
    return (claim, part, seeds, "as published", *[np.nan] * 6, False, np.nan, 0, _on_jumps(conditions), NOTHING)


def _without_bounds(claim: dict, terms: pd.DataFrame, number: int, seeds: int) -> list[dict]:
    """Rows by name of a claim whose rule has no bounds; jumps: as many as `number` seeds would have."""
    rule = claim["verdict"]["rule"]
    if rule == "construction":
        about = {"claim": claim["id"], "part": "", "seeds": number, "truth": "as published", "jumps": 0}
        return [about | {"decides": False, "rests_on_jumps": False, "note": FIXED}]
    if rule == "equals":
        sizes = [size["value"] for size in claim["published"].values()]
        jumps = terms.loc[terms["claim"] == claim["id"], "top"].sum() * number / seeds
        return type_errors(claim["id"], "", number, round(jumps), sizes)
    return []


def _on_jumps(conditions: list[dict]) -> bool:
    return any("_detected" in each["quantity"] or each.get("rests_on_jumps", False) for each in conditions)


class Drawn(NamedTuple):
    """Of a condition under a truth: one-sided p of both sides (2, studies), and how often its interval has the truth."""

    p: np.ndarray
    coverage: float


def _drawn(claim: str, condition: dict, terms: pd.DataFrame, seeds: int, studies: int) -> dict[str, Drawn]:
    """What drawn studies give for a condition, under every truth."""
    ratios = tuple(
        Ratio(part, part["kind"].iloc[0], float(part["unit"].iloc[0])) for _, part in terms.groupby("part", sort=True)
    )
    sums, first, second = arrays(ratios)
    log = terms["scale"].iloc[0] == "log"
    found = {}
    for truth, share in TRUTHS.items():
        if truth == "reversed" and not condition.get("reversible", True):
            continue
        rng = np.random.default_rng(derive("verdict errors", claim, condition["quantity"], truth, seeds))
        target = true_value(condition, share)
        made = draw(ratios, sums, Design(first, second, seeds), target, log, rng, studies)
        value, se, df = contrast(made, first, second, log)
        shown = np.exp(value) if log else value
        low, high = interval(shown, se, df, log)
        known = np.isfinite(low) & np.isfinite(high)
        coverage = float(((low <= target) & (target <= high))[known].mean()) if known.any() else np.nan
        found[truth] = Drawn(np.array(sides(shown, se, df, condition, log)), coverage)
    return found


def draw(ratios, sums: list[Sums], design: Design, target: float, log: bool, rng, studies: int) -> list[Sums]:
    """Sums of `studies` drawn studies whose contrast is `target`, with the dispersion of `sums`.

    Of two ratios the second keeps what our runs give, pulled towards half where shares leave no room, and the first follows.
    """
    experiment = np.tile(np.arange(len(design.first)), design.seeds)
    values = [_value(each) for each in sums]
    targets = [target]
    if len(sums) == 2:
        targets = [target * values[1], values[1]] if log else _room(target, values, sums)
    made, bottoms = [], {}
    for ratio, each, mean in zip(ratios, sums, targets, strict=True):
        shares = cluster_shares(each, design.first, design.second)
        seed = seed_share(each, ratio.rows["seed"].to_numpy())
        spread = field(design, shares, seed, rng, studies)
        made.append(
            Sums(*_run_sums(each, ratio, mean, spread, experiment, rng, bottoms), experiment, each.kind, each.unit)
        )
    return made


def field(design: Design, shares: tuple[float, float], seed: float, rng, studies: int) -> np.ndarray:
    """Standard normal numbers of runs (studies, E * seeds), correlated within architectures, datasets and experiments."""
    between = np.sqrt(1 - shares[0] - shares[1]) * rng.standard_normal((studies, len(design.first)))
    for share, clusters in zip(shares, (design.first, design.second), strict=True):
        between = between + np.sqrt(share) * rng.standard_normal((studies, clusters.max() + 1))[:, clusters]
    within = rng.standard_normal((studies, len(design.first) * design.seeds))
    return np.sqrt(1 - seed) * np.tile(between, (1, design.seeds)) + np.sqrt(seed) * within


def cluster_shares(sums: Sums, first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Shares of the variance between experiments that clusters have in common, by their sums of squares."""
    member = sums.experiment[:, None] == np.arange(len(first))
    away = (sums.top - _value(sums) / sums.unit * sums.bottom) @ member
    own = np.square(away).sum()
    low, high = CLUSTER_SHARES
    found = []
    for clusters in (first, second):
        shared = np.square(away @ (clusters[:, None] == np.unique(clusters))).sum()
        size = len(first) / len(np.unique(clusters))
        found.append(float(np.clip((shared / own - 1) / (size - 1), low, high)) if own > 0 and size > 1 else low)
    return found[0], found[1]


def seed_share(sums: Sums, seed: np.ndarray) -> float:
    """Share of the variance of runs that lies within experiments; SEED_SHARE where there are no three seeds."""
    if len(np.unique(seed)) < 3:
        return SEED_SHARE
    rate = pd.Series(np.divide(sums.top, sums.bottom, out=np.full(len(sums.top), np.nan), where=sums.bottom > 0))
    whole = rate.var()
    within = rate.groupby(sums.experiment).var().mean()
    return float(np.clip(within / whole, 0.1, 0.9)) if whole > 0 else SEED_SHARE


def _value(sums: Sums) -> float:
    return sums.unit * sums.top.sum() / sums.bottom.sum()


def _room(target: float, values: list[float], sums: list[Sums]) -> list[float]:
    """Two values whose difference is the target; shares are moved together so that both are possible."""
    second = values[1]
    if all(each.kind == SHARE for each in sums):
        unit = sums[1].unit
        second = float(np.clip(second, max(0.0, -target), min(unit, unit - target)))
    return [second + target, second]


def _run_sums(sums: Sums, ratio: Ratio, mean: float, spread: np.ndarray, experiment: np.ndarray, rng, bottoms: dict):
    """top (expected subtracted) and bottom (studies, R) of runs whose ratio is `mean`."""
    per = mean / sums.unit
    size = np.bincount(sums.experiment, sums.bottom) / np.maximum(np.bincount(sums.experiment), 1)
    size = np.resize(size, experiment.max() + 1)[experiment] * np.ones(spread.shape)
    if sums.kind == COUNT:
        rate = gamma_quantiles(spread, _extra_variation(sums.top, _value(sums) / sums.unit * sums.bottom))
        return rng.poisson(np.maximum(per, 0.0) * size * rate).astype(np.float64), size
    if sums.kind == MEAN:
        value = np.divide(sums.top, sums.bottom, out=np.full(len(sums.top), np.nan), where=sums.bottom > 0)
        return (per + np.nanstd(value, ddof=1) * spread) * size, size
    events = _events(sums, size, spread, rng, bottoms)
    if sums.kind == CHANGE:
        away = sums.top - _value(sums) / sums.unit * sums.bottom
        scatter = np.sqrt(np.square(away).sum() / np.square(sums.bottom).sum())
        return (per + scatter * spread) * events, events
    expected = ratio.rows["expected"].to_numpy(np.float64)
    base = expected.sum() / sums.bottom.sum()
    chance = np.clip(per + base, 1e-3, 1 - 1e-3)
    icc = _event_correlation(sums.top + expected, sums.bottom)
    found = rng.binomial(events.astype(np.int64), beta_quantiles(spread, chance, icc)).astype(np.float64)
    return found - base * events, events


def _events(sums: Sums, size: np.ndarray, spread: np.ndarray, rng, bottoms: dict) -> np.ndarray:
    """Events of runs as many as ours have, drawn anew; the same for two ratios over the same events."""
    key = sums.bottom.tobytes()
    if key not in bottoms:
        mean = sums.bottom.mean()
        if np.ptp(sums.bottom) == 0 or not np.allclose(sums.bottom, np.round(sums.bottom)):
            return np.round(size)
        extra = _extra_variation(sums.bottom, np.full(len(sums.bottom), mean))
        bottoms[key] = rng.poisson(mean * gamma_quantiles(rng.standard_normal(size.shape), extra)).astype(np.float64)
    return bottoms[key]


def _extra_variation(events: np.ndarray, expected: np.ndarray) -> float:
    """Squared coefficient of variation of the rates of runs beyond that of independent events, by moments."""
    known = np.square(expected).sum()
    found = (np.square(events - expected) - expected).sum() / known if known > 0 else 1.0
    return float(np.clip(found, *VARIATION))


def _event_correlation(top: np.ndarray, bottom: np.ndarray) -> float:
    """Correlation of events of one run, by moments, within ICC."""
    share = np.clip(top.sum() / bottom.sum(), 0.01, 0.99)
    pairs = (bottom * (bottom - 1)).sum() * share * (1 - share)
    away = np.square(top - share * bottom).sum() - bottom.sum() * share * (1 - share)
    return float(np.clip(away / pairs, *ICC)) if pairs > 0 else ICC[0]


def gamma_quantiles(spread: np.ndarray, variation: float) -> np.ndarray:
    """Rates of mean 1 and squared coefficient of variation `variation`, at standard normal numbers."""
    from scipy.stats import gamma

    return _at(spread, lambda p: gamma.ppf(p, 1 / variation) * variation)


def beta_quantiles(spread: np.ndarray, mean: float, icc: float) -> np.ndarray:
    """Chances of this mean that correlate events of one run by `icc`, at standard normal numbers."""
    from scipy.stats import beta

    size = 1 / icc - 1
    return np.clip(_at(spread, lambda p: beta.ppf(p, mean * size, (1 - mean) * size)), 0.0, 1.0)


def _at(spread: np.ndarray, quantile) -> np.ndarray:
    """A quantile function at standard normal numbers, interpolated, its mean kept."""
    from scipy.special import ndtr

    p = (np.arange(GRID) + 0.5) / GRID
    return np.interp(ndtr(spread), p, quantile(p))


def _words(asked: list, drawn: list[dict], seeds: int, studies: int) -> list[tuple]:
    """Rows of COLUMNS of one design."""
    rng = np.random.default_rng(derive("verdict errors", "others", seeds))
    claims = list(dict.fromkeys(claim for claim, *_ in asked))
    coins = {claim: rng.random(studies) < 0.5 for claim in claims}
    others = np.stack(
        [np.where(coins[a[0]], d["as published"].p, d["false"].p) for a, d in zip(asked, drawn, strict=True)]
    )
    rows = []
    for claim, part in dict.fromkeys((claim, part) for claim, part, *_ in asked):
        same = [i for i, each in enumerate(asked) if each[0] == claim]
        own = [i for i in same if asked[i][1] == part]
        conditions = [asked[i][2] for i in own]
        told = []
        for truth, share in TRUTHS.items():
            if any(truth not in drawn[i] for i in same):
                continue
            p = others.copy()
            for i in same:
                p[i] = drawn[i][truth].p
            said = np.array([corrected(*study) for study in np.moveaxis(p, -1, 0).swapaxes(1, 2)])[:, own]
            words = word(said)
            right = right_word(conditions, share)
            covered = np.nanmin([drawn[i][truth].coverage for i in own] + [1.0])
            told.append((truth, *((words == each).mean() for each in (1, -1, 0)), covered, right, words))
        allowed = allowed_wrong(studies)
        wrong = [((words != 0) & (words != right)).mean() for *_, right, words in told]
        hits = [(words == right).mean() if right else np.nan for *_, right, words in told]
        decides = bool(hits[0] >= POWER and max(wrong) <= allowed)
        jumps = min(_jumps(asked[i][3]) for i in own)
        rows += [
            (claim, part, seeds, truth, *shares, hit, miss, allowed, decides, covered, jumps, _on_jumps(conditions), "")
            for (truth, *shares, covered, _, _), hit, miss in zip(told, hits, wrong, strict=True)
        ]
    return rows


def _can_be_drawn(terms: pd.DataFrame) -> bool:
    """Whether there is something to draw from: events, or runs in which none were counted (but no ratio of none to none)."""
    counted = len(terms) > 0 and terms["kind"].eq(COUNT).all() and terms["part"].nunique() == 1
    return bool(counted or _jumps(terms) > 0)


def _jumps(terms: pd.DataFrame) -> int:
    """Events on which a quantity rests: those of the ratio with the fewest."""
    counted = [
        part["top"].sum() if part["kind"].iloc[0] == COUNT else part["bottom"].sum()
        for _, part in terms.groupby("part")
    ]
    return int(min(counted, default=0))
