"""How often a number of types is found: jumps drawn from so many, and counted as those of the study are.

A type is a skewed blob with exponential tails. Neighbours lie SEPARATION standard deviations apart, where five types of
equal size are found in next to every draw: what is missed then is missed for the sizes. False is one type, half is half way
to the claimed number (three for five); no truth is reversed, as a number of types has no opposite.
"""

import numpy as np
import pandas as pd

from repdyn.audit.bounds import POWER, allowed_wrong
from repdyn.seeds import derive
from repdyn.timeseries.jump_types import (
    K_MAX,
    LEVEL,
    PER_TYPE,
    REFERENCES,
    SAMPLE,
    along_axes,
    silhouettes,
    single_blobs,
)

DRAWS = 50  # sets of jumps, per truth
POOL = 2 * REFERENCES  # single blobs of a truth, from which each of its sets draws its references
SEPARATION = 6.0
# Corners of two tetrahedra that share a face, neighbours at distance 1.
CENTRES = np.array(
    [[0, 0, 0], [1, 0, 0], [0.5, 0.75**0.5, 0], [0.5, 12**-0.5, (2 / 3) ** 0.5], [0.5, 12**-0.5, -((2 / 3) ** 0.5)]]
)
FEWEST = PER_TYPE * K_MAX  # jumps that have a number of types
TOO_FEW = f"fewer than {FEWEST} jumps have no number of types"
DRAWN = (
    f"{DRAWS} sets of jumps drawn, neighbouring types {SEPARATION:g} standard deviations apart; "
    f"standard error of a share at most {100 * 0.5 / DRAWS**0.5:.0f} percentage points"
)


def type_errors(claim: str, part: str, seeds: int, jumps: int, sizes: list[float]) -> list[dict]:
    """Rows of `verdict_errors` by name, of a claim that there are types of these sizes, largest first, and at most five.

    One row without shares where so few jumps have no number of types.
    """
    about = {"claim": claim, "part": part, "seeds": seeds, "jumps": jumps, "rests_on_jumps": True}
    if jumps < FEWEST:
        return [about | {"truth": "as published", "decides": False, "note": TOO_FEW}]
    table = word_shares(jumps, sizes)
    right = table["holds"].where(table["truth"] == "as published", table["does_not_hold"])
    allowed = allowed_wrong(DRAWS)
    decides = bool(right.iloc[0] >= POWER and (1 - right).max() <= allowed)
    table = table.assign(undecided=0.0, right=right, wrong=1 - right, allowed=allowed, decides=decides, note=DRAWN)
    return [about | row for row in table.to_dict("records")]


def word_shares(number: int, sizes: list[float], draws: int = DRAWS, pool: int = POOL) -> pd.DataFrame:
    """Columns truth, holds, does_not_hold: in which share of `draws` sets of `number` jumps len(sizes) types are found."""
    number, claimed = min(number, SAMPLE), len(sizes)
    there = {"as published": claimed, "half": (claimed + 1) // 2, "false": 1}
    rows = []
    for truth, types in there.items():
        rng = np.random.default_rng(derive("type errors", truth, number, *map(int, sizes)))
        holds = chance_of(claimed, [planted(number, sizes[:types], rng) for _ in range(draws)], rng, pool)
        rows.append((truth, holds, 1 - holds))
    return pd.DataFrame(rows, columns=["truth", "holds", "does_not_hold"])


def chance_of(claimed: int, sets: list[np.ndarray], rng: np.random.Generator, pool: int = POOL) -> float:
    """Share of sets (n, f) of features in which `jump_types.choose_k` finds so many types.

    Its references cost 39 times what the features do. Here `pool` blobs serve all sets, and the chance that references
    drawn from them let a set pass is exact (hypergeometric).
    """
    from scipy.stats import hypergeom

    seed = int(rng.integers(2**31))
    placed = [along_axes(each) for each in sets]
    curves = np.array([silhouettes(points @ axes.T, K_MAX, seed) for points, axes in placed])
    passing = curves.max(axis=1)[curves.argmax(axis=1) + 2 == claimed]
    if not len(passing):
        return 0.0
    each = 3 * -(-pool // (3 * len(sets)))  # as many of each kind of blob
    blobs = [blob for points, axes in placed for blob in single_blobs(points, axes, each, rng)][:pool]
    null = np.array([silhouettes(blob, K_MAX, seed).max() for blob in blobs])
    reached = (null[:, None] >= passing).sum(axis=0)
    allowed = int(LEVEL * (1 + REFERENCES)) - 1
    return float(np.clip(hypergeom.cdf(allowed, len(null), reached, REFERENCES).sum() / len(sets), 0, 1))


def planted(number: int, sizes: list[float], rng: np.random.Generator) -> np.ndarray:
    """Features (number, 3) of jumps of types of these sizes, one jump of each type at least."""
    share = np.asarray(sizes, dtype=np.float64) / np.sum(sizes)
    types = np.append(np.arange(len(share)), rng.choice(len(share), number - len(share), p=share))
    return rng.standard_exponential((number, 3)) + SEPARATION * CENTRES[types]
