"""What the figure of hypotheses holds: positions, counts and labels; never pixels of a picture."""

import numpy as np
import pandas as pd

from helpers.figure_cases import assert_readable, says
from repdyn.figures.study.hypotheses.figure import hypothesis_forest
from repdyn.figures.style import to_svg_bytes


def forest_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """H1 of two families, H2 of one without any contrast; units differ a thousandfold."""
    long = "Do probes read the label more easily after a jump than before it, in the layer of the jump and in all behind it?"
    columns = ["id", "family", "question", "quantity", "experiments", "effect", "low", "high", "q", "placebo"]
    columns += ["placebo_low", "placebo_high", "placebo_experiments", "verdict"]
    rows = [
        (
            "H1",
            "transformer",
            long,
            "probe_accuracy",
            2,
            0.0005,
            0.0001,
            0.0009,
            0.0002,
            0.0001,
            -0.0002,
            0.0003,
            1,
            "yes",
        ),
        ("H1", "mlp", long, "probe_accuracy", 3, 2.0, -1.0, 5.0, 0.25, 0.5, -1.0, 2.0, 2, "undecided"),
        ("H2", "cnn", "Do filters part?", "filter_overlap", 0, *[np.nan] * 7, 0, "not evaluable"),
    ]
    contrasts = [
        ("H1", "mlp", "a", "jump", 1.0), ("H1", "mlp", "b", "jump", 2.0), ("H1", "mlp", "c", "jump", 3.0),
        ("H1", "mlp", "a", "placebo", 0.0), ("H1", "mlp", "d", "placebo", 1.0),
        ("H1", "transformer", "e", "jump", 0.0004), ("H1", "transformer", "f", "jump", 0.0006),
        ("H1", "transformer", "e", "placebo", 0.0001),
    ]  # fmt: skip
    names = ["hypothesis", "family", "experiment", "kind", "contrast"]
    return pd.DataFrame(rows, columns=columns), pd.DataFrame(contrasts, columns=names)


def test_forest_has_a_row_per_hypothesis_and_family_on_its_own_scale():
    figure = hypothesis_forest(*forest_tables())
    mlp, transformer, cnn = figure.axes
    tops = [axes.get_position().y1 for axes in figure.axes]
    assert tops == sorted(tops, reverse=True)
    lines = {line.get_label(): line for line in mlp.lines}
    assert lines["jump contrasts"].get_xdata().tolist() == [1, 2, 3]
    assert lines["placebo contrasts"].get_xdata().tolist() == [0, 1]
    assert lines["jump interval"].get_xdata().tolist() == [-1, 5] and lines["jump mean"].get_xdata().tolist() == [2]
    assert lines["placebo interval"].get_xdata().tolist() == [-1, 2] and lines["placebo mean"].get_xdata().tolist() == [
        0.5
    ]
    assert lines["jump mean"].get_ydata()[0] > lines["placebo mean"].get_ydata()[0]
    assert transformer.get_xlim()[1] < 0.01 and mlp.get_xlim()[1] > 5
    assert all(axes.get_xlim()[0] <= 0 <= axes.get_xlim()[1] for axes in figure.axes)
    assert {text.get_text() for text in mlp.texts} == {"MLP", "undecided", "q = 0.250; 3 experiments, 2 placebos"}
    assert "q < 0.001; 2 experiments, 1 placebo" in {text.get_text() for text in transformer.texts}
    assert {"no contrast", "not evaluable", "0 experiments, 0 placebos"} <= {text.get_text() for text in cnn.texts}
    assert "H2  Do filters part?" in says(figure) and "quantity: filter overlap" in says(figure)
    assert_readable(figure)


def test_forest_without_hypotheses_says_so():
    hypotheses, contrasts = forest_tables()
    assert "No hypothesis" in says(hypothesis_forest(hypotheses[:0], contrasts))


def test_equal_data_give_equal_bytes():
    first, second = (to_svg_bytes(hypothesis_forest(*forest_tables()), dpi=60) for _ in range(2))
    assert first == second
