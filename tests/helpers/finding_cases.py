"""Tables of `study.findings.layers` for made-up studies: every experiment of the study's design, with layers and seeds."""

import numpy as np
import pandas as pd

from helpers.study_design import ARCHITECTURES, DATASETS, EXPERIMENTS


def grid(seeds: int, layers: int) -> pd.DataFrame:
    """FACTS and layer, third of each layer of each run; three families."""
    rows = [
        {
            "experiment": f"a{ARCHITECTURES[e]}-d{DATASETS[e]}",
            "architecture": f"a{ARCHITECTURES[e]}",
            "dataset": f"d{DATASETS[e]}",
            "family": ("mlp", "cnn", "transformer")[(ARCHITECTURES[e] > 7) + int(ARCHITECTURES[e] > 10)],
            "seed": seed,
            "layer": f"hidden.{layer}",
            "third": layer * 3 // layers,
        }
        for e in range(EXPERIMENTS)
        for seed in range(seeds)
        for layer in range(layers)
    ]
    return pd.DataFrame(rows)


def spread(table: pd.DataFrame, rng: np.random.Generator, *names: str) -> np.ndarray:
    """A normal number per level of the named columns together, on every row."""
    codes = table.groupby(list(names), sort=False).ngroup().to_numpy()
    return rng.standard_normal(codes.max() + 1)[codes]


def sections(table: pd.DataFrame, values: dict[int, np.ndarray]) -> pd.DataFrame:
    """The sections of a study: value of each row of `table` at each step."""
    return pd.concat([table.assign(step=step, value=value) for step, value in values.items()], ignore_index=True)
