"""The dynamics tool on small trained networks: what it writes, draws and says."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from helpers.tiny_networks import NETWORKS, ROLES, SHAPE, data
from repdyn.dynamics.drift import drift
from repdyn.measures.selectivity import selectivity, stratified_half
from repdyn.measures.subject import Subject
from repdyn.measures.table import COLUMNS
from repdyn.models import build
from repdyn.report.quantities import quantity_names
from repdyn.roles import with_roles
from repdyn.toolkit import TOOLS, load, tools_for
from repdyn.toolkit.dynamics import measure as dynamics
from repdyn.toolkit.dynamics.figure import draw
from repdyn.toolkit.dynamics.findings import found, sentence

STEPS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 40)
HIDDEN = {"mlp": 2, "cnn": 2, "transformer": 6}


def subjects(family, n=90, steps=STEPS):
    """Held-out and training Subject of a network that learns for 40 updates, all of them at the same steps."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = build(NETWORKS[family], **SHAPE)
    inputs, labels = data(90, 1)
    states = {0: {name: value.clone() for name, value in model.state_dict().items()}}
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for step in range(1, 41):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model.eval()(inputs), labels).backward()
        optimizer.step()
        states[step] = {name: value.detach().clone() for name, value in model.state_dict().items()}
    states = {step: states[step] for step in steps}
    grid = (steps[0], steps[-1])
    curve = np.arange(60), np.exp(-np.arange(60) / 9) + 0.01 * np.random.default_rng(0).standard_normal(60)
    return tuple(
        Subject(model, states, *split, 3, ("tiny", 0), grid, curve=curve) for split in (data(n, 2), (inputs, labels))
    )


@pytest.fixture(scope="module", autouse=True)
def few():
    """The power of the search for phases is judged at fewer places."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(dynamics, "CURVES", 4)
        yield


@pytest.fixture(scope="module")
def measured():
    return {family: dynamics.measure(*subjects(family)) for family in NETWORKS}


def rows_of(table, quantity, layer=None):
    rows = table[table["quantity"] == quantity]
    return rows if layer is None else rows[rows["layer"] == layer]


def test_the_quantities_are_those_of_the_docstring(measured):
    assert "dynamics" in TOOLS and load("dynamics", "measure") is dynamics
    names = quantity_names("repdyn.toolkit.dynamics", "measure")
    assert len(names) == 24
    for family, (table, _) in measured.items():
        assert "dynamics" in tools_for(family) and tuple(table.columns) == COLUMNS
        assert set(table["quantity"]) | {"phase_change"} == names


@pytest.mark.parametrize("family", NETWORKS)
def test_what_all_networks_have(measured, family):
    table, maps = measured[family]
    held_out, _ = subjects(family)
    from_init = rows_of(table, "drift_from_init", "output").set_index("step")
    assert from_init.loc[0, "value"] == 0 and from_init.loc[0, "null_mean"] > 0.05
    first, last = (held_out.examples(step)["output"] for step in (0, 40))
    assert from_init.loc[40, "value"] == pytest.approx(drift(first, last))
    others = [drift(last, other["output"]) for other in dynamics._initialisations(held_out)]
    assert from_init.loc[40, "null_mean"] == pytest.approx(np.mean(others))
    assert from_init.loc[40, "null_sd"] == pytest.approx(np.std(others, ddof=1))
    previous = rows_of(table, "drift_from_previous", "output")
    assert previous["reference"].tolist() == list(STEPS[:-1])
    between = drift(held_out.examples(32)["output"], last)
    assert previous["value"].iloc[-1] == pytest.approx(between)
    assert (rows_of(table, "drift_from_init_error", "output")["value"] > 0).all()
    assert len(rows_of(table, "turn")) == HIDDEN[family]
    assert rows_of(table, "turn")["value"].isin([-1, 0, 1]).all()
    ratio = rows_of(table, "participation_ratio")
    assert ratio["value"].ge(1 - 1e-6).all() and len(ratio) == HIDDEN[family] * len(STEPS)
    loss = rows_of(table, "held_out_loss")["value"].to_numpy()
    assert loss[-1] < 0.5 * loss[0]
    logits = torch.from_numpy(held_out.logits(40))
    expected = torch.nn.functional.cross_entropy(logits, torch.from_numpy(held_out.labels))
    assert loss[-1] == pytest.approx(expected.item(), rel=1e-3)
    assert 0 <= rows_of(table, "phase_power")["value"].item() <= 1
    emerged = rows_of(table, "classes_emerged")
    assert emerged["value"].item() == 1 and emerged["null_mean"].item() < 0.2
    onsets = rows_of(table, "class_emergence")
    assert onsets["unit"].tolist() == [0, 1, 2] and onsets["value"].isin(STEPS).all()
    units = rows_of(table, "units_emerged")
    assert (units["value"] > 0.3).all() and (units["null_mean"] < 0.15).all()
    assert list(units["layer"]) == [name.removeprefix("onsets/") for name in maps if name.startswith("onsets/")]


def test_what_a_unit_tells_is_judged_on_the_half_that_did_not_choose():
    """Oracle: the cross-validated area of `measures.selectivity`; by chance it is 1/2."""
    rng = np.random.default_rng(0)
    units = rng.random((60, 200)).astype(np.float32)
    sets = np.array([np.arange(60) % 3, rng.permutation(np.arange(60) % 3)])
    half = stratified_half(sets[0], rng)
    told = dynamics._told(units, sets, half)
    np.testing.assert_allclose(told + 0.5, selectivity(units.astype(float), sets, half)[1])
    assert abs(told.mean()) < 0.02
    assert told.std() < dynamics._area_error(sets[0], half) < 1.4 * told.std()


def test_updates_that_are_all_there_move_as_the_weights_do(measured):
    table, maps = measured["mlp"]
    held_out, _ = subjects("mlp")
    flat = {step: torch.cat([value.flatten() for value in held_out.states[step].values()]).double() for step in STEPS}
    moved = rows_of(table, "step_norm").set_index("step")["value"]
    assert moved[40] == pytest.approx((flat[40] - flat[32]).norm().item())
    assert rows_of(table, "step_norm_per_update").set_index("step")["value"][40] == pytest.approx(moved[40] / 8)
    assert rows_of(table, "weight_norm").set_index("step")["value"][40] == pytest.approx(flat[40].norm().item())
    cosines = rows_of(table, "step_cosine").set_index("step")
    ways = flat[40] - flat[32], flat[32] - flat[24]
    expected = torch.nn.functional.cosine_similarity(*ways, dim=0).item()
    assert cosines.loc[40, "value"] == pytest.approx(expected) and cosines.index[0] == 2
    assert cosines["null_sd"].iloc[0] == pytest.approx(len(flat[0]) ** -0.5)
    straight = rows_of(table, "straightness").iloc[0]
    assert straight["value"] == pytest.approx(((flat[40] - flat[0]).norm() / moved.sum()).item())
    assert straight["value"] > straight["null_mean"] + 5 * straight["null_sd"]
    shares = [rows_of(table, name)["value"].item() for name in ("pc1_share", "pc12_share")]
    assert 0.5 < shares[0] < shares[1] < 1
    assert maps["trajectory"].shape == maps["walk"].shape == (len(STEPS), 2)


def test_a_network_that_learns_nothing_does_nothing():
    held_out, training = subjects("mlp")
    for subject in (held_out, training):
        subject.states = {step: subject.states[0] for step in STEPS}
    table, maps = dynamics.measure(held_out, training)
    assert rows_of(table, "drift_from_init")["value"].abs().max() < 1e-9
    assert rows_of(table, "drift_from_init")["null_mean"].min() > 0.05
    assert rows_of(table, "drift_from_previous")["value"].abs().max() < 1e-9
    assert (rows_of(table, "turn")["value"] == 0).all()
    assert rows_of(table, "pc1_share")["value"].isna().all()
    assert rows_of(table, "step_norm")["value"].max() == 0
    assert rows_of(table, "class_emergence")["value"].isin([0, np.nan]).all()
    study = named({"mlp-a": table})
    FigureCanvasAgg(draw(study, {"mlp-a/0": maps})).draw()
    assert "none was found" in found(study)[2] and "weights was not evaluable" in found(study)[2]


def test_few_examples_and_few_checkpoints_are_not_evaluable():
    held_out, training = subjects("mlp", n=18, steps=(0, 40))
    held_out.curve = tuple(column[:20] for column in held_out.curve)
    table, maps = dynamics.measure(held_out, training)
    for name in ("drift_from_init", "participation_ratio", "turn", "phase_p", "phase_power"):
        assert len(rows_of(table, name)) and rows_of(table, name)["value"].isna().all()
    assert "pc1_share" not in set(table["quantity"]) and "trajectory" not in maps
    study = named({"mlp-a": table})
    figure = draw(study, {"mlp-a/0": maps})
    FigureCanvasAgg(figure).draw()
    said = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert "phases: too few measurements" in said and "no path: too few\ncheckpoints" in said
    drifted, turned, _ = found(study)
    assert drifted.startswith("Drift was not evaluable") and "too few for a sign test" in turned


def test_twice_the_same(measured):
    table, maps = dynamics.measure(*subjects("mlp"))
    pd.testing.assert_frame_equal(table, measured["mlp"][0])
    assert all(np.array_equal(maps[name], measured["mlp"][1][name], equal_nan=True) for name in maps)


def named(tables):
    frames = [
        with_roles(table, ROLES[re.match("[a-z]+", name)[0]]).assign(experiment=name, seed=0)
        for name, table in tables.items()
    ]
    return pd.concat(frames, ignore_index=True)


def test_the_figure_shows_the_table(measured):
    study = named({f"{family}_x-digits": table for family, (table, _) in measured.items()})
    figure = draw(study, {f"{family}_x-digits/0": maps for family, (_, maps) in measured.items()})
    FigureCanvasAgg(figure).draw()
    assert len(figure.axes) == 15
    for column in range(4):
        assert len({axes.get_ylim() for axes in figure.axes[column::5] if axes.has_data()}) == 1, column
    moved, ratio, emerged, loss, weights = figure.axes[:5]
    table, maps = measured["mlp"]
    drawn = [line.get_ydata() for line in moved.lines]
    for layer in ("hidden.0", "hidden.1"):
        expected = rows_of(table, "drift_from_init", layer)["value"]
        assert any(np.allclose(line, expected) for line in drawn)
    np.testing.assert_allclose(ratio.lines[1].get_ydata(), rows_of(table, "participation_ratio", "hidden.1")["value"])
    steps = emerged.lines[1]
    onsets = np.sort(rows_of(table, "class_emergence")["value"])
    np.testing.assert_allclose(steps.get_xdata()[1:-1], onsets)
    assert steps.get_ydata()[-1] == 1
    np.testing.assert_allclose(loss.lines[0].get_ydata(), rows_of(table, "held_out_loss")["value"])
    assert any(np.array_equal(line.get_xydata(), maps["trajectory"]) for line in weights.lines)
    assert draw(study.iloc[:0], {}).texts[0].get_text().startswith("No paths were measured")


def planted(kept=0.3, turns=1.0, p=0.005, over=0.1, runs=7, power=0.1):
    """Runs with two hidden layers in which initialisation is kept, dimension turns, a phase begins and paths are curved."""
    entries = []
    noise = np.random.default_rng(0).standard_normal(runs) * 0.01
    for run in range(runs):
        for layer in ("hidden.0", "hidden.1"):
            entries += [
                (run, 2000, layer, "drift_from_init", 0.6 - kept + noise[run], 0.6, 0.05),
                (run, 2000, layer, "drift_from_previous", 0.02, np.nan, np.nan),
                (run, 2000, layer, "drift_from_previous_error", 0.001 if layer == "hidden.0" else 0.01, np.nan, np.nan),
                (run, 2000, layer, "turn", turns * (-1) ** (run if turns == 0.5 else 0), np.nan, np.nan),
                (run, 2000, layer, "units_emerged", 0.2 + kept + noise[run], 0.2, 0.05),
                (run, 2000, layer, "unit_emergence", 0, np.nan, np.nan),
                (run, 2000, layer, "unit_emergence", 3, np.nan, np.nan),
            ]
        entries += [
            (run, 2000, "", "class_emergence", 127, np.nan, np.nan),
            (run, 2000, "", "classes_emerged", 0.1 + kept + noise[run], 0.1, 0.05),
            (run, 2000, "", "phase_count", float(p < 0.05), np.nan, np.nan),
            (run, 2000, "", "phase_p", p, np.nan, np.nan),
            (run, 2000, "", "phase_power", power, np.nan, np.nan),
            (run, 2000, "", "pc1_share", 0.7 + over, 0.7, 0.01),
            (run, 2000, "", "straightness", 0.4 + over + noise[run], 0.4, 0.01),
            (run, 2000, "", "step_cosine", 0.5, 0.0, 0.01),
            (run, 1, "", "step_norm_per_update", 0.4, np.nan, np.nan),
            (run, 2000, "", "step_norm_per_update", 0.1, np.nan, np.nan),
        ]
        if p < 0.05:
            entries.append((run, 64, "", "phase_change", 64.0, np.nan, np.nan))
    table = pd.DataFrame(entries, columns=["run", "step", "layer", "quantity", "value", "null_mean", "null_sd"])
    table["experiment"] = [f"mlp{run}-digits" for run in table.pop("run")]
    changed = table["quantity"] == "phase_change"
    reference = pd.Series(np.where(changed, 32, -1), dtype="Int32").mask(~changed)
    table = with_roles(table, ROLES["mlp"])
    return table.assign(seed=0, unit=pd.NA, reference=reference)


def test_it_says_what_is_there():
    drifted, turned, moved = found(planted())
    assert "a layer is 0.30 (0.30 to 0.31; 7 runs) from its own initialisation" in drifted
    assert "0.60 from other initialisations" in drifted and "the own initialisation is not forgotten" in drifted
    assert "7 of 14 layers still moved" in drifted and "by 0.02 on average" in drifted
    assert "14 of 14 hidden layers, the reverse in 0, neither in 0" in turned
    assert "7 rise and then fall, 0 fall and then rise, 0 do neither (exact two-sided sign test, p = 0.016)" in turned
    assert "the first is the rule" in turned
    assert "40 % of classes, with shuffled labels 10 %" in turned and "50 % of units" in turned and ": more)" in turned
    assert "Of these units 50 % have it before training" in turned
    assert "lie 5.68 (5.68 to 5.68; 7 runs) doublings of the step: units come first" in turned
    assert "in 7 of 7 runs" in moved and "first after step 32 to 32, with 7 change points" in moved
    assert (
        "holds 80 % of its variance, of a random walk with the same lengths 70 %" in moved
        and "more than the walk in 7 of 7 runs, less in 0" in moved
    )
    assert "straighter than a random walk" in moved and "steps shrank from 0.4 to 0.1" in moved
    assert "the second is the rule" in found(planted(turns=-1))[1]
    assert sentence(planted()) == (
        "At the end layers lie less far from their own initialisation than from others (in 7 of 7 runs); the loss falls"
        " abruptly somewhere in 7 of 7 runs."
    )


def test_it_stays_quiet_on_nothing():
    drifted, turned, moved = found(planted(kept=0.0, turns=0.5, p=0.6, over=0.0))
    assert "undecided" in drifted and "forgotten" not in drifted
    assert "4 rise and then fall, 3 fall and then rise" in turned and "is the rule" not in turned
    assert "p = 1): undecided" in turned and turned.count(": undecided)") == 2 and ": more)" not in turned
    assert "in 0 of 7 runs" in moved and "In 7 none was found; too noisy to say that there is none in 7" in moved
    assert "more than the walk in 0 of 7 runs, less in 0" in moved and "undecided" in moved
    quiet = sentence(planted(kept=0.0, turns=0.5, p=0.6, over=0.0))
    assert quiet.startswith(
        "Whether at the end layers lie farther from their own initialisation than from others is undecided"
    )
    assert quiet.endswith("the loss falls abruptly somewhere in 0 of 7 runs.")
    sure = found(planted(p=0.6, power=0.95))[2]
    assert "In 7 none was found: a planted step" in sure and "power of 0.95 to 0.95" in sure


def test_few_runs_are_too_few():
    drifted, turned, moved = found(planted(runs=2))
    assert "too few for an interval" in drifted and "undecided" in drifted and "forgotten" not in drifted
    assert "2 rise and then fall" in turned and "too few for a sign test" in turned
    assert "undecided" in moved and "straighter" not in moved
    assert found(planted().iloc[:0]) == ["No paths were measured in this study."] == [sentence(planted().iloc[:0])]


def test_layers_of_a_run_are_not_runs():
    """A run with as many layers one way as the other has no direction."""
    table = planted()
    table.loc[(table["quantity"] == "turn") & (table["layer"] == "hidden.1"), "value"] = -1.0
    text = found(table)[1]
    assert "7 of 14 hidden layers, the reverse in 7" in text
    assert "0 rise and then fall, 0 fall and then rise, 7 do neither; too few for a sign test" in text
