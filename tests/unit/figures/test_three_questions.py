"""The figures of the three questions, order, jumps and learning, from tables made by hand; never pixels of a picture."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection

from helpers.figure_cases import dots, dotted, drawn, legend_labels, overlapping, texts
from helpers.study_cases import JUMPS, TYPES, convergence_of, experiments_of, jumps_of, numbers_of, statistics_of
from repdyn.figures.study.coupling.figure import coupling
from repdyn.figures.study.filter_change.figure import filter_change
from repdyn.figures.study.order.data import order as collect_order
from repdyn.figures.study.order.figure import order
from repdyn.figures.study.timing.data import timing as collect_timing
from repdyn.figures.study.timing.figure import timing

QUIET = {"mlp": [[], [], []]}


def order_facts(jumps: dict = JUMPS, **changes) -> dict:
    experiments = experiments_of(jumps).assign(**changes)
    rng = np.random.default_rng(0)
    return collect_order(experiments, statistics_of(sorted(jumps)), convergence_of(experiments), rng)


def timing_facts(jumps: dict = JUMPS, **changes) -> dict:
    experiments = experiments_of(jumps).assign(**changes)
    jumping = any(some for found in jumps.values() for some in found)
    statistics = statistics_of(sorted(jumps), jumping)
    return collect_timing(experiments, statistics, TYPES, numbers_of(jumping), jumps_of(jumps))


def coupling_figure(jumps: dict = JUMPS, **changes):
    return coupling(experiments_of(jumps).assign(**changes), statistics_of(sorted(jumps)), numbers_of())


def panels_of(figure) -> dict:
    return {axes.get_title(loc="left"): axes for axes in figure.axes}


def test_patterns_count_runs_and_show_their_null():
    facts = order_facts()
    left, right = order(facts).axes
    assert [label.get_text() for label in left.get_yticklabels()] == [
        "bottom-up",
        "top-down",
        "simultaneous",
        "unclear",
    ]
    assert texts(left)[-4:] == ["0", "0", "0", "10"]
    means = {row["pattern"]: row["mean"] for row in facts["pattern_null"]}
    assert dotted(left) == [means[name] for name in ("bottom-up", "top-down", "simultaneous", "unclear")]
    assert dots(right)[:, 0].tolist() == [0.1] * 4
    # In grey print: every family has a hatch, or none, of its own, and a marker.
    assert len({patch.get_hatch() for patch in left.patches if patch.get_width() and patch.get_hatch() is not None}) > 1


def test_rates_are_those_of_the_table_beside_the_published_rule():
    panels = panels_of(timing(timing_facts()))
    found = dots(panels["Jumps"])
    assert found[:, 0].tolist() == [0.3] * 4 and sorted(found[:, 1]) == [0, 1, 2, 3]
    assert dotted(panels["Jumps"]) == [0.01] * 4
    rule = panels["|z| > 2, the published rule"]
    assert dots(rule)[:, 0].tolist() == [90.0] * 4 and dotted(rule) == [95.5] * 4
    assert texts(rule)[0] == "900 in all runs; 955 on surrogates"
    assert [label.get_text() for label in rule.get_yticklabels()] == ["MLP", "CNN", "Transformer", "all runs"]
    assert "|z| > 3, the published rule" in panels_of(timing(timing_facts(threshold=3.0)))


def test_shares_of_jumps_are_those_of_the_claims_over_uniform_placement():
    facts = timing_facts()
    axes = panels_of(timing(facts))["When"]
    assert sorted(dots(axes)[:, 1]) == [0.125, 0.25, 0.5, 0.6, 0.625, 0.75]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["early\n5 of 8", "middle\n2 of 8", "late\n1 of 8"]
    bands = [(patch.get_y(), patch.get_y() + patch.get_height()) for patch in axes.patches]
    assert bands == [pytest.approx((row["null_low"], row["null_high"])) for row in facts["timing"]]


def test_bars_of_training_fractions_hold_every_jump_by_family():
    axes = panels_of(timing(timing_facts()))["Training fraction of jumps"]
    bars = {container.get_label(): [bar.get_height() for bar in container] for container in axes.containers}
    assert bars == {
        "mlp": [1, 1, 1, 0, 0, 1, 0, 0],
        "cnn": [0, 0, 2, 0, 0, 0, 1, 0],
        "transformer": [0, 0, 0, 0, 0, 0, 0, 1],
    }
    assert axes.get_xscale() == "log" and axes.get_xlim() == (0.0025, 1)
    expected = next(patch for patch in axes.patches if patch.get_linestyle() == ":")
    assert expected.get_data().values == pytest.approx(8 * np.array([1, 2, 6, 10, 20, 60, 101, 200]) / 400)


def test_types_show_the_curve_and_the_choice():
    facts = timing_facts()
    facts["types"] = {"jumps": 116, "used": 116, "k": 2, "p": 0.025, "silhouette": {"2": 0.5, "3": 0.4}, "sizes": [112, 4],
                      "stability": 0.51, "verdict": "2 clusters, not stable"}  # fmt: skip
    axes = panels_of(timing(facts))["Types of jumps"]
    assert axes.lines[0].get_xydata().tolist() == [[2, 0.5], [3, 0.4]] and dots(axes).tolist() == [[2, 0.5]]
    assert any("sizes 112, 4" in text for text in texts(axes))
    assert any("2 clusters, not stable" in text for text in texts(axes))


def test_without_jumps_there_are_no_empty_panels():
    panels = panels_of(timing(timing_facts(QUIET)))
    assert list(panels) == ["Jumps", "|z| > 2, the published rule"]
    assert texts(panels["Jumps"])[0] == "0 jumps; false ones declared: 0.15"


def test_coupling_shows_what_the_claims_rest_on():
    together, loss, speed = coupling_figure().axes
    assert dots(together)[:, 0].tolist() == [1.5, 1.6, 1.7, 1.72] and dotted(together) == [1.0] * 4
    # The fair excess in percentage points, not the share of steps with falling loss.
    assert dots(loss).tolist() == [[pytest.approx(1.7), 0]] and dotted(loss) == [0]
    assert texts(loss)[0] == "significant in 50 % of runs" and 64 not in dots(loss)
    assert dots(speed)[:, 0].tolist() == [0.25] * 4 and dotted(speed) == [0.11] * 4


def test_numbers_of_claims_that_there_are_none_of_are_said():
    figure = coupling(experiments_of(), statistics_of(sorted(JUMPS)), numbers_of().iloc[:0])
    assert "none: no run could be evaluated" in texts(figure.axes[0]) + texts(figure.axes[1])


@pytest.mark.parametrize("make", [order, timing])
def test_without_intervals_dots_are_hollow(make):
    facts = {order: order_facts, timing: timing_facts}[make]()
    facts["statistics"] = [row | {"low": None, "high": None} for row in facts["statistics"]]
    axes = make(facts).axes[1 if make is order else 0]
    faces = [dot.get_facecolor()[0].tolist() for dot in axes.collections if isinstance(dot, PathCollection)]
    assert faces == [[1, 1, 1, 1]] * 4


@pytest.mark.parametrize(
    ("jumps", "changes", "message"), [({}, {}, "No run to draw."), (QUIET, {"at_chance": True}, "3 of 3")]
)
def test_without_runs_the_figures_say_so(jumps, changes, message):
    for figure in (
        order(order_facts(jumps, **changes)),
        timing(timing_facts(jumps, **changes)),
        coupling_figure(jumps, **changes),
    ):
        assert message in figure.texts[0].get_text()


@pytest.mark.parametrize("jumps", [JUMPS, QUIET, {"cnn": [[0.0025], [1.0]]}])
def test_words_do_not_overlap(jumps):
    for figure in (order(order_facts(jumps)), timing(timing_facts(jumps)), coupling_figure(jumps)):
        renderer = drawn(figure)
        assert {"null: mean", "null: 95 %"} <= set(legend_labels(figure))
        for axes in figure.axes:
            assert overlapping(axes.get_xticklabels(), renderer) == []
            assert overlapping(axes.get_yticklabels(), renderer) == []
            for text in [*axes.texts, axes.xaxis.label, *axes.get_yticklabels()]:
                box = text.get_window_extent(renderer)
                assert not text.get_text() or (box.x0 >= 0 and box.x1 <= figure.bbox.width), text.get_text()


def filter_tables() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    terms = pd.DataFrame(
        [("C16", f"cosine_{at}_all_cnn", f"cnn_{name}", "digits", top, 1.0)
         for at, tops in (("100_1000", (0.99, 0.98)), ("1000_2000", (0.999, 0.998)))
         for name, top in zip(("deep", "shallow"), tops, strict=True)],
        columns=["claim", "quantity", "architecture", "dataset", "top", "bottom"],
    )  # fmt: skip
    published = pd.DataFrame(
        {"claim": "C16", "quantity": ["cosine_100_1000", "cosine_100_1000_second"], "as_published": [0.985, 0.9]}
    )
    return terms, numbers_of(), published


def test_filters_stand_beside_the_published_network():
    terms, numbers, published = filter_tables()
    first, later = filter_change(terms, numbers, published).axes
    assert [label.get_text() for label in first.get_yticklabels()] == ["all CNNs", "cnn_shallow", "cnn_deep"]
    assert sorted(map(tuple, dots(first).tolist())) == [(0.98, 1), (0.985, 0), (0.99, 2)]
    assert [line.get_xdata()[0] for line in first.lines] == [0.985, 0.9] and later.lines[:] == []
    assert "No filters were compared" in filter_change(terms[:0], numbers, published).texts[0].get_text()
