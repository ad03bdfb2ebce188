"""Figures of all runs at a glance: what stands where, from tables made by hand; never pixels of a picture."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection

from helpers.dashboard_cases import (
    JUMPS,
    METRIC,
    TYPES,
    convergence_of,
    experiments_of,
    jumps_of,
    layers_of,
    statistics_of,
)
from helpers.figure_cases import drawn, legend_labels, overlapping
from repdyn.figures.study.dashboard.data import dashboard as collect
from repdyn.figures.study.dashboard.figure import dashboard, spread
from repdyn.figures.study.deep_dive.data import deep_dive as collect_deep_dive
from repdyn.figures.study.deep_dive.figure import deep_dive
from repdyn.figures.study.repaired.figure import jump_steps, repaired_series
from repdyn.figures.study.validity.figure import detector_validity
from repdyn.figures.study.velocity.figure import velocity_curves
from repdyn.figures.style import FAMILY_COLOURS

QUIET = {"mlp": [[], [], []]}


def facts_of(jumps: dict = JUMPS, **changes) -> dict:
    experiments = experiments_of(jumps).assign(**changes)
    statistics = statistics_of(sorted(jumps), any(some for found in jumps.values() for some in found))
    rng = np.random.default_rng(0)
    return collect(experiments, statistics, TYPES, jumps_of(jumps), convergence_of(experiments), rng)


def panels_of(figure) -> dict:
    return {axes.get_title(loc="left").split("  ")[0]: axes for axes in figure.axes}


def texts(axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def dots(axes) -> np.ndarray:
    """Positions of all markers, (n, 2)."""
    found = [collection for collection in axes.collections if isinstance(collection, PathCollection)]
    return np.concatenate([np.asarray(collection.get_offsets()) for collection in found])


def dotted(axes) -> list[float]:
    """Where on the x axis the vertical dotted lines stand."""
    lines = [c for c in axes.collections if hasattr(c, "get_segments") and c.get_linestyle()[0][1] is not None]
    return [float(segment[0][0]) for line in lines for segment in line.get_segments()]


def test_dashboard_has_ten_panels_with_titles():
    figure = dashboard(facts_of())
    assert list(panels_of(figure)) == list("abcdefghij")
    labels = legend_labels(figure)
    assert labels[:3] == ["MLP", "CNN", "Transformer"] and "null: 95 %" in labels


def test_dashboard_shows_the_numbers_of_the_table():
    panels = panels_of(dashboard(facts_of()))
    for letter, value, null in (("c", 0.3, 0.01), ("d", 0.9, 0.5)):
        found = dots(panels[letter])
        assert found[:, 0].tolist() == [value] * 4 and sorted(found[:, 1]) == [0, 1, 2, 3]
        assert dotted(panels[letter]) == [null] * 4
        names = [label.get_text() for label in panels[letter].get_yticklabels()]
        assert names == ["MLP", "CNN", "Transformer", "all runs"]
    bands = [(patch.get_x(), patch.get_width()) for patch in panels["d"].patches]
    assert bands == [(0.4, pytest.approx(0.2))] * 4
    assert sorted(set(dots(panels["i"])[:, 0])) == [0.25, 0.64] and sorted(set(dotted(panels["i"]))) == [0.11, 0.5]


def test_dashboard_timing_stands_over_its_null():
    facts = facts_of()
    axes = panels_of(dashboard(facts))["b"]
    assert sorted(dots(axes)[:, 1]) == [0.1] * 8 + [0.8] * 4
    assert [label.get_text() for label in axes.get_xticklabels()] == ["early\n5 of 8", "middle\n2 of 8", "late\n1 of 8"]
    bands = [(patch.get_y(), patch.get_y() + patch.get_height()) for patch in axes.patches]
    assert bands == [pytest.approx((row["null_low"], row["null_high"])) for row in facts["timing"]]


def test_dashboard_phase_bars_hold_every_jump_by_family():
    figure = dashboard(facts_of())
    axes = panels_of(figure)["e"]
    bars = {container.get_label(): [bar.get_height() for bar in container] for container in axes.containers}
    assert bars == {
        "mlp": [1, 1, 1, 0, 0, 1, 0, 0],
        "cnn": [0, 0, 2, 0, 0, 0, 1, 0],
        "transformer": [0, 0, 0, 0, 0, 0, 0, 1],
    }
    assert axes.get_xscale() == "log" and axes.get_xlim() == (0.0025, 1)
    expected = next(patch for patch in axes.patches if patch.get_linestyle() == ":")
    assert expected.get_data().values == pytest.approx(8 * np.array([1, 2, 6, 10, 20, 60, 101, 200]) / 400)
    points = dots(panels_of(figure)["f"])
    assert sorted(points[:, 0]) == [0.0025, 0.005, 0.01, 0.02, 0.02, 0.1, 0.5, 0.9]


def test_dashboard_patterns_count_runs_and_show_their_null():
    facts = facts_of()
    axes = panels_of(dashboard(facts))["a"]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "bottom-up",
        "top-down",
        "simultaneous",
        "unclear",
    ]
    assert texts(axes)[-4:] == ["0", "0", "0", "10"]
    means = {row["pattern"]: row["mean"] for row in facts["pattern_null"]}
    assert dotted(axes) == [means[name] for name in ("bottom-up", "top-down", "simultaneous", "unclear")]


def test_dashboard_types_show_the_curve_and_the_choice():
    facts = facts_of()
    facts["types"] = {"jumps": 116, "used": 116, "k": 2, "p": 0.025, "silhouette": {"2": 0.5, "3": 0.4}, "sizes": [112, 4],
                      "stability": 0.51, "verdict": "2 clusters, not stable"}  # fmt: skip
    axes = panels_of(dashboard(facts))["h"]
    assert axes.lines[0].get_xydata().tolist() == [[2, 0.5], [3, 0.4]]
    assert dots(axes).tolist() == [[2, 0.5]]
    assert any("sizes 112, 4" in text for text in texts(axes))
    assert any("2 clusters, not stable" in text for text in texts(axes))


def test_dashboard_key_statistics_are_computed():
    facts = facts_of()
    words = texts(panels_of(dashboard(facts))["j"])
    for expected in (
        "8 in 5 of 10 runs",
        "0.5 false ones",
        "900",
        "955 on surrogates",
        "50 of 50",
        "80 % (60 % to 90 %)",
    ):
        assert expected in words
    assert "|z| > 2 (published rule)" in words
    changed = texts(panels_of(dashboard(facts_of(z_jumps=91, threshold=3.0)))["j"])
    assert "910" in changed and "|z| > 3 (published rule)" in changed


def test_dashboard_without_jumps_explains_itself():
    panels = panels_of(dashboard(facts_of(QUIET)))
    for letter in "befg":
        assert "no jumps were found" in texts(panels[letter])
    assert "too few jumps: 7" in texts(panels["h"])
    assert [label.get_text() for label in panels["c"].get_yticklabels()] == ["MLP", "all runs"]
    assert "0 in 0 of 3 runs" in texts(panels["j"]) and texts(panels["j"]).count("none") == 3


def test_dashboard_without_intervals_is_hollow():
    facts = facts_of()
    facts["statistics"] = [row | {"low": None, "high": None} for row in facts["statistics"]]
    axes = panels_of(dashboard(facts))["c"]
    faces = [dot.get_facecolor()[0].tolist() for dot in axes.collections if isinstance(dot, PathCollection)]
    assert faces == [[1, 1, 1, 1]] * 4


@pytest.mark.parametrize(
    ("jumps", "changes", "message"), [({}, {}, "No run to draw."), (QUIET, {"at_chance": True}, "3 of 3")]
)
def test_dashboard_without_runs_says_so(jumps, changes, message):
    figure = dashboard(facts_of(jumps, **changes))
    assert message in figure.texts[0].get_text()


@pytest.mark.parametrize("jumps", [JUMPS, QUIET, {"cnn": [[0.0025], [1.0]]}])
def test_words_of_the_dashboard_do_not_overlap(jumps):
    figure = dashboard(facts_of(jumps))
    renderer = drawn(figure)
    table = panels_of(figure)["j"]
    assert overlapping(table.texts[1:], renderer) == []
    across = figure.bbox.width
    for axes in [axes for axes in figure.axes if axes is not table]:
        assert overlapping(axes.get_xticklabels(), renderer) == []
        assert overlapping(axes.get_yticklabels(), renderer) == []
        for text in [*axes.texts, axes.xaxis.label, *axes.get_yticklabels()]:
            box = text.get_window_extent(renderer)
            assert not text.get_text() or (box.x0 >= 0 and box.x1 <= across), text.get_text()


def test_spread_sets_equal_phases_apart():
    offsets = spread(np.array([0.1, 0.2, 0.1, 0.1]))
    assert offsets[1] == 0 and len(set(offsets[[0, 2, 3]])) == 3 and np.abs(offsets).max() <= 0.3


def deep_dive_facts(jumps: dict = JUMPS) -> dict:
    return collect_deep_dive(experiments_of(jumps), jumps_of(jumps), layers_of(jumps))


def test_deep_dive_has_two_panels_per_family_with_rates_and_names():
    figure = deep_dive(deep_dive_facts())
    assert len(figure.axes) == 6
    above, below = figure.axes[0], figure.axes[1]
    assert above.get_title(loc="left") == "MLP: 4 jumps, 3 runs"
    assert [bar.get_height() for bar in above.containers[0]] == [1, 1, 1, 0, 0, 1, 0, 0]
    assert [label.get_text() for label in below.get_yticklabels()] == [
        "hidden 0",
        "hidden 1",
        "hidden 2",
        "hidden 3",
        "logits",
    ]
    found = dots(below)
    assert found[np.argsort(-found[:, 1]), 0] == pytest.approx([2 / 3, 1 / 3, 1 / 3, 0, 0])
    assert dotted(below) == pytest.approx([0.01] * 5)
    assert texts(below)[:5] == ["2/3", "1/3", "1/3", "0/3", "0/3"]
    outline = [patch for patch in above.patches if patch.get_label() == "all families"]
    total = np.array([1, 1, 3, 0, 0, 1, 1, 1])
    assert outline[0].get_data().values == pytest.approx(total * 4 / 8)


def test_deep_dive_without_jumps_or_runs_explains_itself():
    figure = deep_dive(deep_dive_facts(QUIET))
    assert [texts(axes) for axes in figure.axes] == [["no jumps were found"], ["no layer jumped"]]
    assert "none learned" in deep_dive(deep_dive_facts({})).texts[0].get_text()


def test_words_of_the_deep_dive_do_not_overlap():
    figure = deep_dive(deep_dive_facts())
    renderer = drawn(figure)
    words = [text for axes in figure.axes[1::2] for text in [*axes.texts, *axes.get_yticklabels()]]
    assert overlapping(words, renderer) == []
    assert max(text.get_window_extent(renderer).x1 for text in words) <= figure.bbox.width


def velocity() -> pd.DataFrame:
    low, high = np.array([0.0025, 0.01, 0.1]), np.array([0.01, 0.1, 1.0])
    tables = []
    for family in ("transformer", "mlp"):
        for quantity, value in (("velocity", 0.1), ("acceleration", 0.05), ("critical", 0.4), ("transition", 0.3)):
            event = quantity in ("critical", "transition")
            null = {"null_mean": 0.1, "null_low": 0.05, "null_high": 0.15} if event else dict.fromkeys(
                ("null_mean", "null_low", "null_high"), np.nan)  # fmt: skip
            tables.append(pd.DataFrame({"family": family, "quantity": quantity, "phase_low": low, "phase_high": high,
                                        "value": value / np.array([1, 2, 4]), "low": value / 8, "high": value * 1.5, **null,
                                        "layers": 12, "runs": 3}))  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def test_velocity_curves_draw_medians_and_the_null():
    figure = velocity_curves(velocity(), METRIC)
    assert len(figure.axes) == 6
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == [
        "MLP: 12 layers of 3 runs",
        "Transformer: 12 layers of 3 runs",
    ]
    lines = [[patch for patch in axes.patches if not patch.get_fill()] for axes in figure.axes]
    assert lines[0][0].get_data().values.tolist() == [0.1, 0.05, 0.025]
    assert lines[2][0].get_data().values.tolist() == [0.05, 0.025, 0.0125]
    critical = {patch.get_linestyle(): patch.get_data().values.tolist() for patch in lines[5]}
    assert critical == {"-": [0.4, 0.2, 0.1], "--": [0.3, 0.15, 0.075], ":": [0.1] * 3}
    assert figure.axes[0].get_xlim() == (0.0025, 1) and figure.axes[0].get_xscale() == "log"


def test_velocity_curves_without_layers_or_motion_say_so():
    assert "No layer" in velocity_curves(velocity().iloc[:0]).texts[0].get_text()
    events = velocity()[lambda table: (table["family"] == "mlp") & table["quantity"].isin(["critical", "transition"])]
    figure = velocity_curves(events)
    assert [texts(axes) for axes in figure.axes] == [["too few measurements"], ["too few measurements"], []]
    drawn(velocity_curves(velocity().assign(low=np.nan, high=np.nan)))


def test_repaired_series_draws_one_and_what_was_there():
    steps = np.arange(0, 2000, 5)
    rng = np.random.default_rng(0)
    noise = -1e-13 * (5 + rng.standard_normal(400))
    true = 1.5 + steps / 4000 + (steps >= 1000)
    series = pd.DataFrame({"run": "mlp_narrow_mnist", "layer": "network.4", "step": steps, "published_minus_1": noise,
                           "stable_rank": true})  # fmt: skip
    figure = repaired_series(series)
    above, below = figure.axes
    assert above.lines[0].get_ydata().tolist() == true.tolist()
    assert above.lines[1].get_ydata() == pytest.approx(1, abs=1e-12)
    assert below.lines[0].get_ydata() == pytest.approx(noise / 1e-13)
    assert jump_steps(steps, true).tolist() == [1000]
    assert "1 reported" in texts(above)
    assert f"{len(jump_steps(steps, noise))} reported" in texts(below) and len(jump_steps(steps, noise)) > 5
    assert legend_labels(figure)[0].endswith("1e-12")
    assert "No published series" in repaired_series(series.iloc[:0]).texts[0].get_text()


def battery() -> pd.DataFrame:
    rows = [
        ("levelshift", "white noise", "null", np.nan, 0.06, 0.0, 0.2, np.nan, np.nan, np.nan),
        ("zscore", "white noise", "null", np.nan, 45.0, 43.0, 48.0, np.nan, np.nan, np.nan),
        ("levelshift", "step in white noise", "planted", 5.0, 0.1, 0.0, 0.2, 1.0, 0.9, 1.0),
        ("zscore", "step in white noise", "planted", 5.0, 40.0, 39.0, 41.0, 0.95, 0.83, 0.99),
        ("zscore", "step in real trajectories", "stress", 10.0, np.nan, np.nan, np.nan, 0.5, 0.4, 0.6),
    ]
    columns = ["detector", "scenario", "kind", "size", "false_per_1000", "false_low", "false_high"]
    return pd.DataFrame(rows, columns=[*columns, "recall", "recall_low", "recall_high"])


def test_validity_puts_every_detector_on_its_scenario():
    verdicts = pd.DataFrame({"detector": ["levelshift", "zscore"], "passes": [True, False]})
    required = {("step in white noise", 5.0): 0.9}
    figure = detector_validity(battery(), verdicts, 1.0, required)
    false, recall = figure.axes
    assert [label.get_text() for label in false.get_yticklabels()] == ["white noise"]
    assert [label.get_text() for label in recall.get_yticklabels()] == [
        "step in white noise, 5 sd",
        "step in real trajectories, 10 sd",
    ]
    assert [label.get_fontweight() for label in recall.get_yticklabels()] == ["bold", "normal"]
    assert dots(false)[:, 0].tolist() == [0.06, 45.0]
    assert dots(recall)[:, 0].tolist() == [1.0, 0.95, 0.5]
    assert [line.get_xdata()[0] for line in false.lines] == [1.0]
    dotted = [
        lines
        for lines in recall.collections
        if getattr(lines, "get_segments", None) and lines.get_linestyle() != [(0.0, None)]
    ]
    assert [lines.get_segments()[0][0][0] for lines in dotted] == [0.9]
    assert legend_labels(figure)[:2] == ["level shift (default): passes", "|z| > 2 (published): fails"]
    assert "No detector" in detector_validity(battery().iloc[:0], verdicts, 1.0, required).texts[0].get_text()


def test_families_keep_their_colours():
    figure = deep_dive(deep_dive_facts({"cnn": [[0.02]] * 3}))
    assert figure.axes[0].containers[0][0].get_facecolor()[:3] == pytest.approx(
        tuple(int(FAMILY_COLOURS["cnn"][i : i + 2], 16) / 255 for i in (1, 3, 5))
    )
    assert len(figure.axes) == 2
