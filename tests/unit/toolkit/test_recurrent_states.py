"""Tools for classifiers on a recurrent network built by hand: eight clusters, one per state of the bits."""

import pytest

from repdyn.calibration.players import flipflop_by_hand
from repdyn.errors import StudyError
from repdyn.measures.table import COLUMNS
from repdyn.recurrent.record import probe_batch
from repdyn.recurrent.subject import RecurrentSubject
from repdyn.recurrent.tasks import TASKS
from repdyn.report.quantities import described, is_described
from repdyn.toolkit.looks import looks
from repdyn.toolkit.recurrent_states import measure as tool
from repdyn.toolkit.recurrent_states.figure import draw
from repdyn.toolkit.recurrent_states.findings import found, limits, sentence


def refuses(held_out, training):
    raise StudyError("not today")


refuses.__module__ = "repdyn.toolkit.shy.measure"


@pytest.fixture(scope="module")
def looked():
    """Step 0: a network that forgets; step 10: one that keeps three bits."""
    task = TASKS["flipflop"]
    states = {step: flipflop_by_hand(kept).state_dict() for step, kept in ((0, 0.1), (5, 0.8), (10, 2.0))}
    subject = RecurrentSubject(flipflop_by_hand(), states, task, probe_batch(task, "flipflop"), ("planted", 0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tool, "HELD_OUT", 120)
        patch.setattr(tool, "TRAINING", 200)
        patch.setattr(tool, "AT_ALL", tool.AT_ALL | {refuses: ()})
        # The slowest, which has tests of its own.
        patch.setattr(
            tool, "AT_THE_END", {each: kept for each, kept in tool.AT_THE_END.items() if each is not tool.geometry}
        )
        return tool.measure(subject)


def test_the_states_of_a_network_that_keeps_three_bits_are_eight_clusters(looked):
    table, maps = looked
    assert list(table.columns) == list(COLUMNS)
    known = described("repdyn.toolkit.recurrent_states", "measure").quantities
    assert [name for name in table["quantity"].unique() if not is_described(name, known)] == []
    state = table[table["layer"] == "state"].set_index(["quantity", "step"])
    assert state.loc[("beyond_0", 10), "value"] == 7
    assert state.loc[("probe_accuracy", 10), "value"] > 0.98 > 0.4 > state.loc[("probe_accuracy", 0), "value"]
    assert state.loc[("probe_accuracy", 10), "null_mean"] < 0.3
    # Eight corners of a cube, all alike: three dimensions.
    assert state.loc[("participation_ratio", 10), "value"] == pytest.approx(3, abs=0.1)
    assert table.loc[table["quantity"] == "classes", "value"].tolist() == [8]
    # The weights only grow along one direction.
    assert table.loc[table["quantity"] == "straightness", "value"].iloc[0] == pytest.approx(1, abs=1e-6)
    assert maps["trajectory"].shape == maps["walk"].shape == (3, 2)


def test_findings_and_figure_say_the_numbers_of_the_table(looked):
    table, maps = looked
    table = table.assign(experiment="hand", seed=0)
    (text,) = found(table)
    assert (
        text.startswith("hand, seed 0, 8 answers. Shape: participation ratio")
        and "before and 8 after, and loops" in text
    )
    assert text.endswith("The tool shy refused this network; its log says why.")
    assert "with accuracy 0.15 before and 1 (0.131) after training" in text and "3 components carry over 1 (" in text
    # States at the corners repeat: what is continuous is not evaluable.
    assert (
        "two coordinates hold not evaluable of 2.07 nats" in text and "hand 8 (8)" in sentence(table) and limits(table)
    )
    figure = draw(table, {"hand/0": maps})
    assert [axes.get_title("left") for axes in figure.axes] == [
        "drift from initialisation", "dimensions of the states", "clusters of states", "probe of the answer",
    ]  # fmt: skip
    (clusters,) = [line for line in figure.axes[2].lines if line.get_linestyle() == "-"]
    assert clusters.get_ydata()[-1] == 8
    none = table.iloc[:0]
    assert (
        found(none) == [sentence(none)] == ["No recurrent network was trained."] == [draw(none, {}).texts[0].get_text()]
    )


def test_of_other_seeds_nothing_is_measured(looked):
    subject = RecurrentSubject(flipflop_by_hand(), {}, TASKS["flipflop"], None, ("planted", 1))
    table, maps = tool.measure(subject)
    assert table.empty and list(table.columns) == list(COLUMNS) and maps == {}


def test_looks_are_spread_over_the_checkpoints():
    assert looks([0, 1, 2, 4, 8, 16, 50, 100], 4) == [0, 2, 16, 100]
    assert looks([0, 5], 4) == [0, 5] and looks([3], 4) == [3]
