"""The figure of candidates for jumps: each at its share, jumps told from fast smooth change."""

import numpy as np
import pandas as pd
import pytest

from helpers.figure_cases import assert_readable, says
from repdyn.figures.sources import Study
from repdyn.figures.study.single_steps.data import collect
from repdyn.figures.study.single_steps.figure import SMOOTH, single_steps
from repdyn.figures.style import FAMILY_COLOURS

AT = np.arange(90, 116)
TABLES = {
    "candidates.parquet": pd.DataFrame(
        {
            "metric": ["participation_ratio"] * 2 + ["stable_rank"],
            "layer": ["a", "b", "a"],
            "step": [105, 105, 105],
            "share": [1.0, 0.2, 0.7],
            "change": [4.0, -5.0, 1.0],
            "jump": [True, False, True],
        }
    ),
    "candidate_steps.parquet": pd.DataFrame(
        {
            "step": np.tile(AT, 2),
            "layer": np.repeat(["a", "b"], len(AT)),
            "participation_ratio": np.concatenate([7 + 4.0 * (AT >= 103), 9 - np.clip(AT - 100.0, 0, 5)]),
        }
    ),
    "training.parquet": pd.DataFrame({"step": np.arange(0, 205, 5)}),
}


def study(runs=(("mlp_wide-digits", 0),)):
    families = pd.DataFrame({"experiment": [name for name, _ in runs], "seed": 0, "family": "mlp"})
    return Study(
        {"experiments": families},
        lambda experiment, seed, file, columns, filters: TABLES[file][columns].copy(),
        list(runs),
        "participation_ratio",
    )


def test_each_candidate_comes_with_its_steps_as_shares_of_its_change():
    steps = collect(study())
    assert len(steps) == 2 * len(AT) and steps["before"].eq(100).all()
    jump, smooth = (part.set_index("offset")["level"] for _, part in steps.groupby("layer"))
    assert jump[2] == 0 and jump[3] == jump[5] == jump[15] == 1
    assert smooth.loc[0:5].to_numpy() == pytest.approx(np.linspace(0, 1, 6))


def test_jumps_are_bold_and_counted():
    figure = single_steps(collect(study()))
    above, below = figure.axes
    shares = np.concatenate([dots.get_offsets()[:, 1] for dots in above.collections])
    assert sorted(shares) == [0.2, 1.0]
    looks = {line.get_color(): line.get_linewidth() for line in below.lines}
    assert looks[FAMILY_COLOURS["mlp"]] > looks[SMOOTH]
    assert "MLP: 1 jump of 2" in says(figure)
    assert_readable(figure)


def test_a_study_without_candidates_says_so():
    quiet = study(runs=())
    assert collect(quiet).empty
    assert "No candidate for a jump" in single_steps(collect(quiet)).texts[0].get_text()
