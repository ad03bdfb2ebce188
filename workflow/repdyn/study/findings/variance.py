"""What the final dimension varies with: components of variance between architectures, datasets, depths and seeds.

Of the natural logarithm of the dimension at the end, a mean over the layers of each third of depth of each run. Beside the
factors asked about stand those that they must not be mistaken for: experiments (architecture with dataset), and architecture
with depth. The component of seeds is what the layers of a run share beyond all of these; with one seed it cannot be told
from that of experiments. A component is given as the standard deviation between levels, in units of the logarithm, so that
exp of it is the factor by which two typical levels differ from their mean.

Null: no such component, the others as estimated.
"""

import numpy as np
import pandas as pd

from repdyn.errors import StudyError
from repdyn.statistics.variance_components import component, components
from repdyn.study.findings.answers import Answer

FINDING = "variance"
ASKED = {"architecture": "architectures", "dataset": "datasets", "depth": "thirds of depth", "seed": "seeds"}
LEAST_LEVELS = 3


def answers(sections: pd.DataFrame, layers: pd.DataFrame, rng) -> list[Answer]:
    """sections, layers: as `layers.measure_run` gives them, of all runs."""
    table = cells(sections, layers)
    levels = {name: table[name].nunique() for name in ("architecture", "dataset", "depth")}
    seeds = table.groupby("experiment")["seed"].nunique()
    levels["seed"] = int(seeds.max()) if len(seeds) else 0
    known = {name: table[name].to_numpy() for name in ASKED if name != "seed" and levels[name] > 1}
    if {"architecture", "dataset"} <= set(known):
        known["experiment"] = table["experiment"].to_numpy()
    if {"architecture", "depth"} <= set(known):
        known["architecture and depth"] = (table["architecture"] + " " + table["depth"].astype(str)).to_numpy()
    if levels["seed"] > 1:
        known["seed"] = (table["experiment"] + " " + table["seed"].astype(str)).to_numpy()
    return [_answer(name, table, known, levels, rng) for name in ASKED]


def cells(sections: pd.DataFrame, layers: pd.DataFrame) -> pd.DataFrame:
    """experiment, architecture, dataset, seed, depth (third), value: the mean logarithm at the end."""
    final = sections[sections["step"] == sections["step"].max()]
    thirds = layers[["experiment", "seed", "layer", "third"]].rename(columns={"third": "depth"})
    joined = final.merge(thirds, on=["experiment", "seed", "layer"])
    keys = ["experiment", "architecture", "dataset", "seed", "depth"]
    return joined.groupby(keys, sort=True)["value"].mean().reset_index()


def _answer(name: str, table: pd.DataFrame, known: dict, levels: dict, rng) -> Answer:
    runs = len(table[["experiment", "seed"]].drop_duplicates())
    says = f"standard deviation of the logarithm of the final dimension between {ASKED[name]}"
    answer = Answer(FINDING, name, says, "natural logarithm", "third", len(table), runs, table["experiment"].nunique())
    if name == "seed" and levels["seed"] < 2:
        return answer._replace(why="one seed")
    if name != "seed" and levels[name] < LEAST_LEVELS:
        return answer._replace(why=f"fewer than {LEAST_LEVELS} {ASKED[name]}")
    factors, place = list(known.values()), list(known).index(name)
    y = table["value"].to_numpy()
    try:
        shares = np.maximum(components(y, factors), 0)
        found = component(y, factors, place, rng)
    except StudyError:
        return answer._replace(why="the design does not tell it from another component")
    share = shares[place] / shares.sum() if shares.sum() > 0 else 0.0
    return answer._replace(
        more=f"That is {100 * share:.0f} % of the variance.",
        value=float(np.sqrt(max(found.variance, 0.0))), low=float(np.sqrt(found.low)), high=float(np.sqrt(found.high)),
        null="no such component", null_mean=0.0, p=found.p,
    )  # fmt: skip
