"""The tool on tiny networks of every family: what it lists and gives, planted causes, its figure and its findings."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from helpers import tiny_networks
from repdyn.interventions.ablation import effects
from repdyn.interventions.steering import steered
from repdyn.measures.subject import Subject
from repdyn.measures.table import COLUMNS, combine
from repdyn.models import build
from repdyn.report.quantities import quantity_names
from repdyn.seeds import derive
from repdyn.toolkit import caption
from repdyn.toolkit.interventions import measure as module
from repdyn.toolkit.interventions.figure import draw
from repdyn.toolkit.interventions.findings import found
from repdyn.toolkit.interventions.lesions import lesions
from repdyn.toolkit.interventions.measure import DOSES, SHARES, confused_pair, measure, set_size
from repdyn.toolkit.interventions.splits import split_of

KINDS = {"mlp": "image", "cnn": "image", "transformer": "image", "mlp text": "text", "transformer text": "text"}


def data_of(kind, n, seed):
    if kind == "image":
        return tiny_networks.data(n, seed)
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    tokens = rng.integers(4, 9, (n, 7))
    tokens[:, 0] = labels + 1
    tokens[np.arange(7) >= rng.integers(3, 8, n)[:, None]] = 0
    return torch.from_numpy(tokens), torch.from_numpy(labels)


def pair_of_subjects(name):
    kind = KINDS[name]
    architecture = tiny_networks.NETWORKS[name.split()[0]]
    shape = tiny_networks.SHAPE if kind == "image" else {"kind": "text", "shape": (7,), "classes": 3, "vocabulary": 9}
    with torch.random.fork_rng():
        torch.manual_seed(3)
        models = [build(architecture, **shape) for _ in range(3)]
        inputs, labels = data_of(kind, 60, 0)
        states = {0: {key: value.clone() for key, value in models[0].state_dict().items()}}
        optimizer = torch.optim.Adam(models[0].parameters(), lr=1e-2)
        for _ in range(40):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(models[0](inputs), labels).backward()
            optimizer.step()
        states[40] = models[0].state_dict()
    splits = ((models[1], *data_of(kind, 45, 1)), (models[2], inputs, labels))
    return tuple(Subject(model, states, x, y, 3, key=("tiny", 0)) for model, x, y in splits)


# Of networks that read the last hidden layer linearly.
LINEAR = {f"erased_{what}/{by}" for what in ("probe", "accuracy") for by in ("leace", "inlp")}
LINEAR |= {"interchange", "unit_seen", "unit_adjusted", "unit_done"}


@pytest.fixture(scope="module")
def measured():
    kept = {}

    def get(name):
        if name not in kept:
            kept[name] = (*(subjects := pair_of_subjects(name)), *measure(*subjects))
        return kept[name]

    return get


@pytest.mark.parametrize("name", KINDS)
def test_exactly_the_quantities_of_the_docstring(measured, name):
    *_, table, maps = measured(name)
    lesioned = {"attention_loss", "feedforward_loss", "head_loss", "earlier_unit_loss"}
    absent = set() if name.startswith("transformer") else lesioned
    absent = absent | (LINEAR if name.startswith("cnn") else set())
    assert set(table["quantity"]) == quantity_names("repdyn.toolkit.interventions", "measure") - absent
    assert tuple(table.columns) == COLUMNS and set(table["step"]) == {0, 40}
    ends = table.groupby("quantity", observed=True)["step"].min()
    kinds = {"unit_zero_loss", "unit_mean_loss", "zero_mean_rho", "zero_resample_rho", "mean_resample_rho"}
    assert set(ends[ends == 40].index) == kinds | {"greedy_set_loss", "steering_dose", "unit_shapley"} | (
        (LINEAR | {"earlier_unit_loss"}) - absent
    )
    value = table[~table["quantity"].isin(["do_slope"])]["value"]
    assert np.isfinite(value.to_numpy()).mean() > 0.9
    assert {"pair", "zero", "mean", "resample", "sweep_values", "sweep_mean", "sweep_class"} <= set(maps)


LAYERS = {"mlp": {"hidden.0": 12, "hidden.1": 8}, "cnn": {"blocks.0.relu": 4, "blocks.1.relu": 6},
          "transformer": {"blocks.1.feedforward": 64}}  # fmt: skip


@pytest.mark.parametrize("family", LAYERS)
def test_every_unit_of_every_layer_is_lost(measured, family):
    held_out, _, table, _ = measured(family)
    for quantity in ("unit_zero_loss", "unit_mean_loss", "unit_resample_loss", "unit_resample_accuracy"):
        rows = table[(table["quantity"] == quantity) & (table["step"] == 40)]
        assert rows.groupby("layer", observed=True)["unit"].apply(list).to_dict() == {
            layer: list(range(m)) for layer, m in LAYERS[family].items()
        }
    layer = list(LAYERS[family])[-1]
    zero = table[(table["quantity"] == "unit_zero_loss") & (table["step"] == 40) & (table["layer"] == layer)]
    # There are fewer held-out rows than ROWS: all are used, whatever their order.
    truth = effects(held_out.model(40), held_out.inputs, held_out.labels, layer, [[u] for u in zero["unit"]], 0.0)
    assert zero["value"].to_numpy() == pytest.approx(truth.loss.mean(1), abs=1e-7)
    assert np.abs(truth.loss.mean(1)).max() > 2e-5


def changed(subjects, change):
    """The same subjects, the last states of which are changed."""
    for subject in subjects:
        subject.states = {step: {k: v.clone() for k, v in state.items()} for step, state in subject.states.items()}
        change(subject.states[40])
    return subjects


def test_units_share_out_what_they_are_worth_together(monkeypatch):
    monkeypatch.setattr(module, "SHAPLEY_UNITS", 8)

    def twins(state):  # unit 1 is unit 0, and nothing reads unit 2
        weight, bias, read = (state[f"{name}"] for name in ("hidden.1.0.weight", "hidden.1.0.bias", "output.weight"))
        first = int(weight.norm(dim=1).argmax())
        weight[1], bias[1], read[:, 1] = weight[first], bias[first], read[:, first]
        weight[0], bias[0], read[:, 0] = weight[first], bias[first], read[:, first]
        read[:, 2] = 0

    held_out, training = changed(pair_of_subjects("mlp"), twins)
    table, _ = measure(held_out, training)
    last = table[(table["layer"] == "hidden.1") & (table["step"] == 40)].set_index(["quantity", "unit"])
    share, alone = (last.loc[name]["value"] for name in ("unit_shapley", "unit_resample_loss"))
    deviation = last.loc["unit_shapley"]["null_sd"]
    assert sorted(share.index) == list(range(8))
    assert share[0] == pytest.approx(share[1], abs=1e-6) and share[0] > 3 * deviation[0]
    assert share[2] == 0 == alone[2] and deviation[2] == 0  # who adds nothing to any set has no share
    # All there are: the same as losing the layer, whatever the units do together.
    rng = np.random.default_rng(derive("tiny", 0, "interventions", "hidden.1"))
    rng.permutation(len(training.labels))
    donors = rng.integers(len(training.labels), size=len(held_out.labels))
    order = np.random.default_rng(derive("tiny", 0, "interventions", "training rows")).permutation(len(training.labels))
    x = training.inputs[np.sort(order[: module.ROWS])]
    h = torch.from_numpy(np.asarray(x))
    model = held_out.model(40)
    with torch.no_grad():
        hidden = {}
        handle = model.get_submodule("hidden.1").register_forward_hook(lambda m, i, o: hidden.update(h=o))
        model(h)
        handle.remove()
        logits = model(held_out.inputs), model.output(hidden["h"][donors])
    loss = [torch.nn.functional.cross_entropy(each, torch.from_numpy(held_out.labels)) for each in logits]
    assert share.sum() == pytest.approx(float(loss[1] - loss[0]), abs=1e-6)


@pytest.mark.parametrize("dead", ["attention", "feedforward"])
def test_only_a_layer_that_is_read_is_missed(dead):
    outward = {"attention": "blocks.0.attention.out_proj", "feedforward": "blocks.0.down"}[dead]

    def cut(state):
        names = [name for name in state if name.startswith(outward)]
        assert len(names) == 2
        for name in names:
            state[name][:] = 0

    table, _ = measure(*changed(pair_of_subjects("transformer"), cut))
    last = table[table["step"] == 40].set_index(["quantity", "layer"])
    heads = last.loc["head_loss"]
    assert heads.groupby("layer", observed=True)["unit"].apply(list).to_dict() == {
        f"blocks.{block}.attention.heads": [0, 1, 2, 3] for block in (0, 1)
    }
    for name in ("attention", "feedforward"):
        of = last.loc[f"{name}_loss"]
        assert of.index.tolist() == [f"blocks.0.{name}", f"blocks.1.{name}"]
        assert (of.loc[f"blocks.0.{name}", ["value", "null_sd"]] == 0).all() == (name == dead)
        assert of.loc[f"blocks.1.{name}", "null_sd"] > 0
    assert (heads.loc["blocks.0.attention.heads", "value"] == 0).all() == (dead == "attention")
    assert last.loc["attention_loss"]["value"].max() > 0.05


def test_of_labels_that_have_nothing_to_do_with_the_inputs_no_layer_says_anything():
    held_out, training = pair_of_subjects("transformer")
    beyond = []
    for seed in range(4):
        held_out.labels = np.random.default_rng(seed).permutation(held_out.labels)
        splits = (split_of(subject, module.ROWS, "rows") for subject in (held_out, training))
        table = combine(lesions(held_out, 40, *splits))
        beyond += (table["value"].abs() > 2 * table["null_sd"]).tolist()
    assert len(beyond) == 48 and np.mean(beyond) < 0.15


def test_twice_the_same(measured):
    *subjects, table, maps = measured("transformer text")
    again, arrays = measure(*subjects)
    assert again.equals(table)
    assert maps.keys() == arrays.keys() and all(np.array_equal(maps[name], arrays[name]) for name in maps)


def test_a_trained_network_is_steered_and_loses_more_with_its_first_units(measured):
    *_, table, _ = measured("mlp")
    last = table[table["step"] == 40].set_index(["quantity", "layer", "unit"]).sort_index()
    for layer in ("hidden.0", "hidden.1"):
        success = last.loc[("steering_success", layer)].iloc[0]
        assert success["value"] > 0.9 and success["null_mean"] < 0.5
        assert success["value"] == last.loc[("steering_dose", layer, DOSES.index(1.0)), "value"]
        ranked = last.loc[("ranked_set_loss", layer, SHARES.index(1 / 4))]
        assert ranked["value"] > ranked["null_mean"]
        alone = last.loc[("unit_resample_loss", layer)]["value"]
        single = last.loc[("top_unit_loss", layer)].iloc[0]
        assert single["value"] in alone.to_numpy() and single["null_mean"] == pytest.approx(alone.mean())
        assert single["null_sd"] == pytest.approx(alone.std(ddof=0))
        # A set of one unit costs what the unit costs.
        assert last.loc[("ranked_set_loss", layer, 0), "value"] == pytest.approx(single["value"])
        assert last.loc[("ranked_set_interaction", layer, 0), "value"] == pytest.approx(0, abs=1e-12)


def test_what_is_read_linearly_moves_by_its_weights(measured):
    held_out, training, table, maps = measured("mlp")
    last = table[(table["layer"] == "hidden.1") & (table["step"] == 40)].set_index("quantity")
    units = training.examples(40)["hidden.1"].astype(float)
    weight = held_out.states[40]["output.weight"].double().numpy()
    centred = weight - weight.mean(0)
    most = centred[np.argmax(np.abs(centred), axis=0), np.arange(8)]
    assert min(most) < 0
    slope, live = np.abs(most) * units.std(0), units.std(0) > 0
    first = np.argmin(np.abs(slope - last.loc["do_slope", "value"]))
    assert last.loc["do_slope", "value"] == pytest.approx(slope[first], rel=1e-5)
    # There are fewer other units than CONTROL_UNITS: all that are not silent are the null.
    others = slope[live & (np.arange(8) != first)]
    assert last.loc["do_slope", "null_mean"] == pytest.approx(others.mean(), rel=1e-5)
    assert last.loc["do_slope", "null_sd"] == pytest.approx(others.std(ddof=1), rel=1e-5)

    source, target = maps["pair"]
    means = [units[training.labels == label].mean(0) for label in (source, target)]
    shift = (weight[target] - weight[source]) @ (means[1] - means[0])
    assert last.loc["steering_shift", "value"] == pytest.approx(shift, rel=1e-5) and shift > 1


def test_the_cost_of_steering_is_accuracy_that_others_lose(measured):
    held_out, training, table, maps = measured("mlp")
    source, target = maps["pair"]
    others = held_out.inputs[(held_out.labels != source) & (held_out.labels != target)]
    label = ({0, 1, 2} - {int(source), int(target)}).pop()
    x = training.examples(40)["hidden.0"].astype(float)
    push = x[training.labels == target].mean(0) - x[training.labels == source].mean(0)
    right = (steered(held_out.model(40), others, "hidden.0", [push]).argmax(2) == label).mean(1)
    cost = table[(table["quantity"] == "steering_cost") & (table["layer"] == "hidden.0") & (table["step"] == 40)]
    assert cost["value"].item() == pytest.approx(right[0] - right[1])
    assert cost["null_mean"].item() > 0


def test_units_are_chosen_on_training_rows_alone(measured):
    held_out, training, table, _ = measured("mlp")
    other = Subject(
        held_out.network,
        held_out.states,
        held_out.inputs.flip(0),
        torch.from_numpy(held_out.labels),
        3,
        key=("tiny", 0),
    )
    chosen = []
    for subject in (held_out, other):
        table, maps = measure(subject, training)
        chosen.append((maps["sweep_values"].tolist(), int(maps["sweep_class"]), maps["pair"].tolist()))
    assert chosen[0] == chosen[1]


def test_the_pair_is_the_one_confused_most():
    logits = np.log([[0.7, 0.1, 0.2], [0.5, 0.5, 1e-9], [0.01, 0.01, 0.98], [0.8, 0.15, 0.05]])
    assert confused_pair(logits, np.array([0, 1, 2, 0])) == (1, 0)
    assert confused_pair(logits[[0, 3, 2]], np.array([0, 0, 2])) in {(0, 1), (0, 2)}
    assert [set_size(32, share) for share in SHARES] == [1, 2, 4, 8, 16] and set_size(4, 1 / 32) == 1


def test_a_dead_layer_is_not_evaluable(measured):
    held_out, training = pair_of_subjects("mlp")
    for subject in (held_out, training):
        subject.states = {step: {k: v.clone() for k, v in state.items()} for step, state in subject.states.items()}
        for state in subject.states.values():
            state["hidden.1.0.weight"][:] = 0
            state["hidden.1.0.bias"][:] = -1
    table, maps = measure(held_out, training)
    last = table[table["layer"] == "hidden.1"].set_index("quantity")["value"]
    assert last[["zero_mean_rho", "split_rho", "do_slope"]].isna().all()
    assert (last["unit_resample_loss"] == 0).all() and (last["ranked_set_loss"] == 0).all()
    text = "\n".join(found(with_runs(table, ["a"])))
    assert "not evaluable" in text
    FigureCanvasAgg(draw(with_runs(table, ["a"]), {"a/0": maps})).draw()


def with_runs(table, names):
    return pd.concat([table.assign(experiment=name, seed=0) for name in names], ignore_index=True)


def test_the_figure_holds_the_values(measured):
    names = ["mlp", "cnn", "transformer"]
    tables = [measured(name)[2].assign(experiment=name, seed=0) for name in names]
    table = pd.concat(tables, ignore_index=True)
    figure = draw(table, {f"{name}/0": measured(name)[3] for name in names})
    FigureCanvasAgg(figure).draw()
    sets, rhos, curves, steering, shares, missed, erased, units = figure.axes
    assert len(erased.lines) == 2 * 5 and len(units.lines) == 2 + 2  # of the networks with a linear read-out; two lines
    last = tables[0][(tables[0]["quantity"] == "ranked_set_accuracy") & (tables[0]["step"] == 40)]
    lines = {line.get_label(): line for line in sets.lines if line.get_linestyle() == "-"}
    assert lines["mlp"].get_ydata() == pytest.approx(last.groupby("unit")["value"].mean().to_numpy())
    assert lines["mlp"].get_xdata() == pytest.approx(SHARES)
    nulls = [line for line in sets.lines if line.get_linestyle() == ":"]
    assert nulls[0].get_ydata() == pytest.approx(last.groupby("unit")["null_mean"].mean().to_numpy())
    dose = tables[1][(tables[1]["quantity"] == "steering_dose") & (tables[1]["layer"] == "blocks.1.relu")]
    drawn = next(line for line in steering.lines if line.get_label() == "cnn")
    assert drawn.get_ydata() == pytest.approx(dose["value"].to_numpy()) and drawn.get_xdata() == pytest.approx(DOSES)
    maps = measured("transformer")[3]
    drawn = next(line for line in curves.lines if line.get_label() == "transformer")
    assert drawn.get_ydata() == pytest.approx(maps["sweep_mean"][:, int(maps["sweep_class"])])
    shared = tables[0][tables[0]["quantity"] == "unit_shapley"]["value"].to_numpy()
    drawn = next(line for line in shares.lines if line.get_label() == "mlp")
    assert drawn.get_ydata() == pytest.approx(shared)
    heads = tables[2][(tables[2]["quantity"] == "head_loss") & (tables[2]["step"] == 40)]["value"].to_numpy()
    *_, last_marks, _ = [mark for mark in missed.collections if mark.get_label() == "transformer"]
    assert np.asarray(last_marks.get_offsets())[:, 1] == pytest.approx(heads)
    marks = [mark for mark in rhos.collections if mark.get_label() == "mlp"]
    assert sum(len(mark.get_offsets()) for mark in marks) == 8


@pytest.mark.parametrize("count", [0, 1, 8])
def test_the_figure_stands_with_any_number_of_experiments(measured, count):
    table = measured("cnn")[2]
    runs = with_runs(table, [f"architecture_{i}-dataset" for i in range(count)]) if count else table[:0]
    figure = draw(runs, {})
    FigureCanvasAgg(figure).draw()
    if count:
        assert "not evaluable" in [text.get_text() for text in figure.axes[2].texts]
        labels = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
        assert len(labels) == count + 2
    else:
        assert "No intervention" in figure.texts[0].get_text()


def test_the_study_declares_how_many_rows_it_uses():
    assert f"({module.ROWS} of each split; {module.STEERED_ROWS} where" in caption("interventions")


def test_the_class_is_erased_and_a_unit_does_what_its_weights_say(measured):
    held_out, _, table, _ = measured("mlp")
    value = table.set_index("quantity")["value"]
    rows = table[table["quantity"] == "erased_accuracy/leace"]
    assert rows["value"].item() < 0.6 < rows["null_mean"].item()
    assert value["erased_probe/leace"] < table.set_index("quantity")["null_mean"]["erased_probe/leace"] - 0.1
    done = table[table["quantity"] == "unit_done"]
    x, weight = held_out.examples(40)["hidden.1"], held_out.model(40).output.weight.detach().numpy()
    for row in done.dropna(subset=["value"]).itertuples():
        unit = x[:, row.unit].astype(float)
        high = unit > np.median(unit)
        change = unit[high].mean() - unit[~high].mean()
        assert row.value == pytest.approx(change * (weight[:, row.unit].max() - weight[:, row.unit].mean()), rel=1e-4)
