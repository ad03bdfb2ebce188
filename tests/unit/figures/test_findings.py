"""The figure of the questions that no claim asks: what stands in the tables is drawn, and what is missing is said."""

import pandas as pd
import pytest
from matplotlib.collections import PathCollection

from helpers.finding_cases import grid
from helpers.integrated_cases import findings as three
from repdyn.figures.study.findings.figure import NOT_SHOWN_COLOUR, findings
from repdyn.study.findings.layers import LAYER


def answers() -> pd.DataFrame:
    """The three, and one of each other question."""
    found = three()
    early = found[found["finding"] == "early"]
    return pd.concat([found, *(early.assign(finding=name, subject="all") for name in ("gradients", "variance"))])


def layers() -> pd.DataFrame:
    table = grid(1, 2)
    p = [0.01 if layer == "hidden.0" else 0.4 for layer in table["layer"]]
    return table.assign(p=p, start=8.0, minimum=2.0, end=4.0)


def drawn():
    return findings(answers(), layers())


def markers(axes) -> list:
    """The markers of estimates, without intervals and nulls."""
    return [each for each in axes.collections if isinstance(each, PathCollection)]


def test_every_answer_is_a_marker_in_the_colour_of_its_word():
    panels = {axes.get_title(loc="left"): axes for axes in drawn().axes}
    order = panels["Order at a step and at the end"]
    assert [label.get_text() for label in order.get_yticklabels()] == ["step 200, across datasets"]
    (point,) = markers(order)
    assert point.get_offsets()[0].tolist() == [0.8125, 0] and point.get_facecolor()[0].tolist() == [0, 0, 0, 1]
    dips = panels["Layers that dip"]
    colours = [marker.get_edgecolor()[0][0] for marker in markers(dips)]
    assert colours == [pytest.approx(int(NOT_SHOWN_COLOUR[1:3], 16) / 255)]
    assert order.get_xlim()[0] >= -1 and order.get_xlim()[1] <= 1


def test_a_dot_per_layer_is_filled_where_it_dips():
    dots = drawn().axes[0].collections
    assert sum(len(each.get_offsets()) for each in dots) == len(layers())
    filled = [each for each in dots if len(each.get_facecolor())]
    assert sum(len(each.get_offsets()) for each in filled) == len(layers()) / 2
    assert {tuple(place) for each in dots for place in each.get_offsets().tolist()} == {(0.25, 0.5)}


def test_what_is_not_evaluable_is_said():
    texts = [text.get_text() for axes in drawn().axes for text in axes.texts]
    assert "not evaluable: one seed" in texts
    assert "No layer" in findings(answers(), pd.DataFrame(columns=LAYER)).texts[0].get_text()
