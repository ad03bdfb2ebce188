"""Figures of jumps by layer, motion, published series and detectors: what stands where, from tables made by hand."""

import numpy as np
import pandas as pd
import pytest

from helpers.figure_cases import dots, dotted, drawn, legend_labels, overlapping, texts
from helpers.study_cases import JUMPS, METRIC, experiments_of, jumps_of, layers_of
from repdyn.figures.study.deep_dive.data import deep_dive as collect_deep_dive
from repdyn.figures.study.deep_dive.figure import deep_dive
from repdyn.figures.study.repaired.figure import jump_steps, repaired_series
from repdyn.figures.study.validity.figure import detector_validity
from repdyn.figures.study.velocity.figure import velocity_curves
from repdyn.figures.style import FAMILY_COLOURS

QUIET = {"mlp": [[], [], []]}


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
    assert not figure.axes and figure.texts[0].get_text() == "No jump in: MLP (3 runs)."
    some = deep_dive(deep_dive_facts({**QUIET, "cnn": JUMPS["cnn"]}))
    assert [axes.get_title(loc="left").split(":")[0] for axes in some.axes] == ["CNN", "Layers that jump most"]
    assert "No jump in: MLP (3 runs)." in legend_labels(some)
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
