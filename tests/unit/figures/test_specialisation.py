"""What the figure of specialisation of heads holds: positions, counts and labels; never pixels of a picture."""

import numpy as np
import pandas as pd

from helpers.figure_cases import assert_readable, says
from helpers.moment_cases import GRID, study
from repdyn.figures.study.specialisation.figure import mean_curves, specialisation_curves
from repdyn.figures.style import FLAGGED_COLOUR, dataset_styles


def attention_measurements(experiments) -> pd.DataFrame:
    """Entropy 0.8 and 0.6 of two heads; specialisation 0.1 and 0.3 of two layers, null 0.05."""
    rows = []
    for run in experiments.itertuples():
        for step in GRID:
            for layer, special in (("blocks.0.attention", 0.1), ("blocks.1.attention", 0.3)):
                rows += [(run.experiment, step, layer, "attention_entropy", value, np.nan) for value in (0.8, 0.6)]
                rows.append((run.experiment, step, layer, "head_specialisation", special, 0.05))
                rows.append((run.experiment, step, layer, "head_divergence", 9.0, np.nan))
    frame = pd.DataFrame(rows, columns=["experiment", "step", "layer", "quantity", "value", "null_mean"])
    return frame.assign(seed=0).astype({"experiment": "category", "quantity": "category", "layer": "category"})


def test_specialisation_has_a_line_per_run_and_its_null():
    experiments = study()
    transformers = experiments[experiments["family"] == "transformer"]
    figure = specialisation_curves(attention_measurements(transformers), experiments)
    panels = np.array(figure.axes).reshape(2, 2)
    assert [axes.get_title(loc="left") for axes in panels[0]] == ["transformer_deep", "transformer_narrow"]
    entropy = [line for line in panels[0, 0].lines if line.get_linestyle() != ":"]
    assert len(entropy) == 2
    np.testing.assert_allclose([line.get_ydata() for line in entropy], 0.7)
    assert entropy[0].get_xdata().tolist() == GRID
    styles = dataset_styles(experiments["dataset"])
    assert [line.get_color() for line in entropy] == [styles["digits"][0], styles["docstrings"][0]]
    assert [line.get_marker() for line in entropy] == [styles["digits"][1], styles["docstrings"][1]]
    dotted = [line for line in panels[0, 0].lines if line.get_linestyle() == ":"]
    assert [line.get_ydata()[0] for line in dotted] == [1]
    special = [line for line in panels[1, 0].lines if line.get_linestyle() == "-"]
    null = [line for line in panels[1, 0].lines if line.get_linestyle() == ":"]
    np.testing.assert_allclose([line.get_ydata() for line in special], 0.2)
    np.testing.assert_allclose([line.get_ydata() for line in null], 0.05)
    grey = [line for line in panels[0, 1].lines if line.get_color() == FLAGGED_COLOUR]
    assert len(grey) == 1 and grey[0].get_linestyle() == "--"
    assert panels[0, 0].get_ylim() == panels[0, 1].get_ylim()
    assert "1 run" in says(figure)
    assert_readable(figure)


def test_specialisation_scale_holds_the_lines_of_every_panel():
    experiments = study()
    frame = attention_measurements(experiments[experiments["family"] == "transformer"])
    frame.loc[frame["experiment"] == "transformer_narrow-digits", "value"] *= 0.1
    low, high = specialisation_curves(frame, experiments).axes[0].get_ylim()
    assert low < 0.07 and high > 1


def test_mean_curves_average_heads_and_layers():
    means = mean_curves(attention_measurements(study().iloc[3:4]))
    assert len(means) == 3 * len(GRID)
    assert means.groupby("quantity", observed=True)["value"].first().round(6).to_dict() == {
        "attention_entropy": 0.7,
        "head_specialisation": 0.2,
        "head_divergence": 9,
    }


def test_specialisation_without_transformers_says_so():
    experiments = study()
    frame = attention_measurements(experiments[3:])
    assert "no transformer" in says(specialisation_curves(frame, experiments[:3]))
    assert "no transformer" in says(specialisation_curves(frame[:0], experiments))
