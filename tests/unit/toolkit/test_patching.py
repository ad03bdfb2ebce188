"""The patching tool on small trained networks: what it writes, draws and says."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from sklearn.decomposition import PCA

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.interventions.patching import whole
from repdyn.measures.subject import Subject
from repdyn.measures.table import COLUMNS
from repdyn.models import build
from repdyn.report.quantities import quantity_names
from repdyn.toolkit import TOOLS, load, pairwise, tools_for
from repdyn.toolkit.pairwise import Look, pairs_of
from repdyn.toolkit.patching import measure as patching
from repdyn.toolkit.patching.circuits import circuits as circuits_of
from repdyn.toolkit.patching.components import bases
from repdyn.toolkit.patching.figure import draw
from repdyn.toolkit.patching.findings import found

LAYERS = {
    "mlp": ["hidden.0", "hidden.1"],
    "cnn": ["blocks.0.relu", "blocks.1.relu"],
    "transformer": ["blocks.0.feedforward", "blocks.1.feedforward"],
}
TRANSFORMERS_ALONE = {
    "head_direct",
    "tracing",
    "tracing_total",
    "edge_noising",
    "edge_sender",
    "edge_receiver",
    "edge_rho",
    "edge_faithfulness",
    "edge_share",
    "direct_logits",
    "direct_gap",
}
TEXTS_ALONE = {"swap_span", "swap_denoising"}


def texts(n=90, seed=0):
    """Texts of four to six words; the class is told by words of its own."""
    draw = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    words = draw.integers(7, 20, (n, 6))
    own = draw.random((n, 6)) < 0.5
    words[own] = (1 + 2 * labels[:, None] + draw.integers(0, 2, (n, 6)))[own]
    words[np.arange(6) >= draw.integers(4, 7, n)[:, None]] = 0
    return torch.from_numpy(words), torch.from_numpy(labels)


def subjects(family, examples=data, n=90):
    """Held-out and training Subject of a network at steps 0 and 40 of a training."""
    kind = SHAPE if examples is data else {"kind": "text", "shape": (6,), "classes": 3, "vocabulary": 20}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = build(NETWORKS[family], **kind)
    inputs, labels = examples(n, 1)
    states = {0: {name: value.clone() for name, value in model.state_dict().items()}}
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(40):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model.eval()(inputs), labels).backward()
        optimizer.step()
    states[40] = {name: value.detach().clone() for name, value in model.state_dict().items()}
    held_out = examples(n, 2)
    return tuple(Subject(model, states, *split, 3, key=("tiny", 0)) for split in (held_out, (inputs, labels)))


@pytest.fixture(scope="module")
def tables():
    return {family: patching.measure(*subjects(family))[0] for family in NETWORKS}


def last_of(table, quantity, layer=None):
    rows = table[(table["step"] == 40) & (table["quantity"] == quantity)]
    return rows if layer is None else rows[rows["layer"] == layer]


def documented():
    return quantity_names("repdyn.toolkit.patching", "measure")


def test_the_quantities_are_those_of_the_docstring(tables):
    assert "patching" in TOOLS and load("patching", "measure") is patching
    assert all("patching" in tools_for(family) for family in NETWORKS)
    names = documented()
    assert len(names) == 33
    for family, table in tables.items():
        assert tuple(table.columns) == COLUMNS
        written = set(table["quantity"].unique())
        bare = {re.sub("_(low|high)$", "", name) for name in written}
        lacking = {"mlp": TRANSFORMERS_ALONE | {"position_denoising"}, "cnn": TRANSFORMERS_ALONE, "transformer": set()}
        assert bare == names - lacking[family] - TEXTS_ALONE
        assert {f"{name}_low" for name in ("denoising", "noising", "circuit_faithfulness")} <= written


@pytest.mark.parametrize("family", NETWORKS)
def test_what_all_networks_have(tables, family):
    table = tables[family]
    assert last_of(table, "pairs")["value"].tolist() == [30]
    assert last_of(table, "span")["value"].item() > 1
    top = last_of(table, "top_denoising")
    assert top["layer"].tolist() == LAYERS[family]
    assert (top["value"] > top["null_mean"]).all()
    for name in ("top_denoising", "noising", "circuit_faithfulness"):
        low, value, high = (last_of(table, name + side)["value"].to_numpy() for side in ("_low", "", "_high"))
        assert ((low <= value + 1e-9) & (value <= high + 1e-9)).all()
    assert last_of(table, "attribution_rho")["value"].item() > 0.5
    faithful = last_of(table, "circuit_faithfulness")
    assert faithful["unit"].tolist()[0] == 1 and faithful["value"].iloc[-1] == 1
    assert faithful["null_mean"].iloc[-1] == pytest.approx(1)
    assert (faithful["value"] > faithful["null_mean"] - 0.1).mean() > 0.8
    assert last_of(table, "circuit_necessity")["value"].iloc[-1] == 1
    share = last_of(table, "circuit_share")
    assert share["value"].item() <= share["null_mean"].item() <= 1
    assert last_of(table, "greedy_share")["value"].item() <= 1
    counts = last_of(table, "component_count")["value"]
    assert (counts == counts.round()).all() and (counts >= 1).all()
    components = last_of(table, "component_denoising")
    assert (components["value"] > components["null_mean"]).all()


def test_by_the_symmetry_of_two_classes_the_last_layer_of_a_chain_is_patched_alike_both_ways(tables):
    for family, layer in (("mlp", "hidden.1"), ("mlp", "hidden.0")):
        both = [last_of(tables[family], name, layer)["value"].to_numpy() for name in ("denoising", "noising")]
        assert np.allclose(*both) == (layer == "hidden.1")  # linear from here, or not
    # Units of a last layer add up to the whole difference.
    assert both[0].sum() != pytest.approx(1)
    assert last_of(tables["mlp"], "denoising", "hidden.1")["value"].sum() == pytest.approx(1)


def test_what_transformers_have(tables):
    table = tables["transformer"]
    direct, total = last_of(table, "head_direct"), last_of(table, "denoising")
    assert direct["unit"].tolist() == [0, 1, 2, 3] * 2
    assert set(total["layer"]) == {
        f"blocks.{i}.{part}" for i in (0, 1) for part in ("attention.heads", "attention", "feedforward")
    }
    assert not np.allclose(direct["value"], total.loc[total["unit"].notna(), "value"])
    positions = last_of(table, "position_denoising")
    # One position of the last state: the mean over positions makes the answer, so together they are all of it.
    assert positions.loc[positions["layer"] == "blocks.1", "value"].sum() == pytest.approx(1, abs=1e-3)
    assert positions.groupby("layer", observed=True).size().tolist() == [16] * 7
    traced = last_of(table, "tracing")
    assert traced.groupby("layer", observed=True).size().to_dict() == {"embedding": 16, "blocks.0": 16, "blocks.1": 16}
    assert last_of(table, "tracing_total")["value"].item() > 0.1
    assert (table.loc[table["step"] == 0, "quantity"] != "tracing").all()


def test_twice_the_same():
    first, second = (patching.measure(*subjects("mlp"))[0] for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_texts_are_paired_by_length_and_all_patched_is_one():
    held_out, training = subjects("transformer", texts)
    pairs, discovery = pairs_of(held_out, training)
    for side in (pairs, discovery):
        assert ((side.clean == 0) == (side.corrupted == 0)).all()
        assert ((side.unrelated == 0) == (side.corrupted == 0)).all()
        assert len(side.clean) > 8
        logits = held_out.model(40).eval()(torch.cat([side.clean, side.corrupted]))
        assert (logits.argmax(1).numpy() == np.repeat(side.classes, len(side.clean))).all()
    assert not (pairs.unrelated == pairs.corrupted).all(1).all()
    look = Look(held_out, 40, pairs, discovery)
    assert next(look.denoised("embedding", "whole", [whole("embedding")]))["value"].tolist() == [1.0]
    assert [node.path.split(".", 2)[2] for node in look.nodes()] == (["attention.heads"] * 4 + ["feedforward"]) * 2


def test_too_few_pairs_are_not_evaluable():
    held_out, training = subjects("mlp", n=21)
    table, _ = patching.measure(held_out, training)
    assert set(table["quantity"]) == {"pairs", "discovery_pairs", "patched_class"}
    study = named({"a-b": table})
    assert found(study) == ["Patching was not evaluable in any of 1 run: too few pairs of the two classes."]
    figure = draw(study, {})
    FigureCanvasAgg(figure).draw()
    assert [axes.texts[0].get_text() for axes in figure.axes] == ["not evaluable:\ntoo few pairs"] * 3


def named(tables, seed=0):
    """Tables of runs as the workflow gives them to figures and findings."""
    study = pd.concat([table.assign(experiment=name, seed=seed) for name, table in tables.items()], ignore_index=True)
    return study.astype(dict.fromkeys(("experiment", "layer", "quantity"), "category"))


def test_the_figure_shows_the_table(tables):
    study = named({f"{family}_x-digits": table for family, table in tables.items()})
    figure = draw(study, {})
    FigureCanvasAgg(figure).draw()
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert len(panels) == 3 + 4 + 4
    assert len({axes.get_ylim() for axes in panels if axes.get_title(loc="left").startswith("top tenth")}) == 1
    assert len({axes.images[0].get_clim() for axes in panels if axes.images}) == 1
    top, _, circuit = panels[:3]
    expected = last_of(tables["mlp"], "top_denoising")
    points = [line for line in top.lines if len(line.get_xdata()) == 2 and line.get_marker() == "o"]
    np.testing.assert_allclose(points[0].get_ydata(), expected["value"])
    curve = last_of(tables["mlp"], "circuit_faithfulness")
    drawn = [line.get_ydata() for line in circuit.lines if line.get_linestyle() == "-"]
    assert any(len(line) == len(curve) and np.allclose(line, curve["value"]) for line in drawn)
    heads = next(axes for axes in panels if axes.get_title(loc="left").startswith("heads, attention"))
    image = heads.images[0].get_array()
    assert image.shape == (2, 6)
    direct = last_of(tables["transformer"], "denoising")
    np.testing.assert_allclose(image[1, :4], direct[direct["layer"] == "blocks.1.attention.heads"]["value"])
    np.testing.assert_allclose(image[0, 5], direct[direct["layer"] == "blocks.0.feedforward"]["value"].item())
    assert "nothing" not in " ".join(text.get_text() for text in figure.texts)
    assert draw(study.iloc[:0], {}).texts[0].get_text().startswith("Nothing was patched")


def test_heads_and_tracing_are_told_by_run(tables):
    text = found(named({"transformer_x-digits": tables["transformer"]}))[1]
    table = tables["transformer"]
    total = last_of(table, "denoising")
    whole = total.loc[total["unit"].notna(), "value"].sum()
    direct = last_of(table, "head_direct")["value"].sum()
    expected = f"heads patched one by one carry R = {whole:.2f} in all, {direct:.2f} of it straight to the logits"
    assert f"transformer_x-digits (seed 0): {expected}" in text
    assert f"takes {last_of(table, 'tracing_total')['value'].item():.2f} from the probability" in text


def test_a_network_that_answers_nothing_has_no_r():
    held_out, training = subjects("mlp")
    for subject in (held_out, training):
        mute = {name: torch.zeros_like(value) for name, value in subject.states[0].items()}
        subject.states = {0: mute, 40: subject.states[40]}
    table, _ = patching.measure(held_out, training)
    start = table[table["step"] == 0].set_index("quantity")["value"]
    assert start["span"] == 0
    assert start[["denoising", "noising", "top_denoising"]].isna().all()
    assert start["component_count"].isna().all() and "component_denoising" not in start.index
    FigureCanvasAgg(draw(named({"mlp-a": table}), {})).draw()
    assert "at initialisation, R is defined in no run" in found(named({"mlp-a": table}))[0]


@pytest.fixture(scope="module")
def looks():
    """The trained MLP with its pairs, and with discovery pairs from which nothing can be learnt."""
    held_out, training = subjects("mlp")
    pairs, discovery = pairs_of(held_out, training)
    mute = discovery._replace(corrupted=discovery.clean)
    return tuple(Look(held_out, 40, pairs, side) for side in (discovery, mute))


def values_of(entries, quantity, layer=""):
    return next(item["value"] for item in entries if (item["quantity"][0], item["layer"][0]) == (quantity, layer))


def test_discovery_chooses_and_validation_judges(looks):
    told, mute = looks
    assert not any((one == other).all() for one in told.pairs.clean for other in told.discovery.clean)
    assert np.ptp(mute.attributions(mute.discovery, mute.nodes())) == 0
    top, blind = (values_of(list(patching._top_units(look)), "top_denoising", "hidden.0") for look in looks)
    assert top > blind + 0.1
    circuits, blind = (
        list(circuits_of(look, patching.ORDERS, patching.THRESHOLD, patching.GREEDY_NODES)) for look in looks
    )
    for quantity in ("circuit_faithfulness", "greedy_faithfulness"):
        curves = [values_of(entries, quantity) for entries in (circuits, blind)]
        assert (curves[0] - curves[1]).max() > 0.2


def test_the_null_of_a_donor_of_the_same_class_moves_nothing_on_the_whole(tables):
    # The unrelated donors are the corrupted examples in another order, which a mean over pairs does not see where all that
    # follows is linear.
    units = last_of(tables["mlp"], "denoising", "hidden.1")
    np.testing.assert_allclose(units["null_mean"], 0, atol=1e-6)
    assert (units["null_sd"] > 1e-3).any()
    assert last_of(tables["mlp"], "denoising", "hidden.0")["null_mean"].abs().max() > 1e-4


def test_the_null_of_the_top_units_is_that_of_random_sets(looks, tables):
    share = last_of(tables["mlp"], "denoising", "hidden.1")["value"].to_numpy()
    draw = looks[0].rng("random sets", "hidden.1")
    sums = [share[draw.choice(8, 1, replace=False)].sum() for _ in range(patching.DRAWS)]
    for name in ("top_denoising", "top_noising"):
        top = last_of(tables["mlp"], name, "hidden.1")
        assert top["null_mean"].item() == pytest.approx(np.mean(sums), abs=1e-6)
        assert top["null_sd"].item() == pytest.approx(np.std(sums, ddof=1), abs=1e-6)
        assert top["value"].item() == pytest.approx(share.max(), abs=1e-6)


def test_components_are_principal_and_as_many_as_the_participation_ratio(tables):
    _, training = subjects("mlp")
    for layer in LAYERS["mlp"]:
        x = training.representations(40)[layer].astype(float)
        variance = np.linalg.eigvalsh(np.cov(x.T))
        ratio = variance.sum() ** 2 / (variance**2).sum()
        assert last_of(tables["mlp"], "component_count", layer)["value"].item() == np.ceil(ratio)
    draw = np.random.default_rng(0)
    x = (draw.standard_normal((50, 3)) * [5, 2, 1]) @ np.linalg.qr(draw.standard_normal((9, 3)))[0].T
    leading, *random = bases(x, 2, patching.DRAWS, np.random.default_rng(1))
    assert len(random) == patching.DRAWS
    own = PCA(2).fit(x).components_
    np.testing.assert_allclose(np.abs(leading.numpy() @ own.T), np.eye(2), atol=1e-5)
    space = PCA(3).fit(x).components_
    for basis in random:
        basis = basis.double().numpy()
        np.testing.assert_allclose(basis @ basis.T, np.eye(2), atol=1e-5)
        np.testing.assert_allclose(basis @ space.T @ space, basis, atol=1e-5)


def test_pairs_are_those_the_network_gets_right():
    held_out, training = subjects("mlp")
    before, _ = pairs_of(held_out, training)
    one, other = before.classes
    wrong = np.flatnonzero(held_out.labels == one)[:5]
    held_out.labels[wrong] = other
    after, _ = pairs_of(held_out, training)
    assert len(before.clean) == 30 and len(after.clean) == 25
    kept = torch.cat([after.clean, after.corrupted])
    assert not any((held_out.inputs[i] == image).all() for i in wrong for image in kept)


def test_texts_are_compared_by_the_frequencies_of_their_words():
    training = subjects("transformer", texts)[1]
    training.inputs = torch.tensor([[3, 3, 1, 0], [2, 0, 0, 0]])
    frequencies = pairwise._features(training)
    np.testing.assert_allclose(frequencies, [[0, 1 / 3, 0, 2 / 3], [0, 0, 1, 0]], rtol=1e-6)


def test_edges_and_parts_of_a_transformer(tables):
    table = tables["transformer"]
    edges, sender, receiver = (last_of(table, f"edge_{name}")["value"] for name in ("noising", "sender", "receiver"))
    assert len(edges) == len(sender) == 54 and receiver.max() == 11 and sender.min() == 0
    assert last_of(table, "edge_rho")["value"].item() > 0.7
    faithful = last_of(table, "edge_faithfulness")
    assert faithful["value"].iloc[-1] == pytest.approx(1) and faithful["unit"].iloc[-1] == 54
    assert (faithful["value"] >= faithful["null_mean"] - 0.1).all()
    parts = last_of(table, "direct_logits")
    assert len(parts) == 1 + 2 * 5 + 1 and parts["null_mean"].notna().sum() == 8
    assert parts["value"].sum() == pytest.approx(last_of(table, "span")["value"].item(), abs=1e-4)
    assert last_of(table, "direct_gap")["value"].item() < 1e-5
    text = found(named({"transformer_x-digits": table}))[1]
    assert "Circuits on edges, from node to node, stay faithful from" in text and "parts miss their sum by" in text
