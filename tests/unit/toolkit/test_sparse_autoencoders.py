"""Sparse autoencoders on the study's networks: what is measured, drawn and said."""

import re

import numpy as np
import pandas as pd
import pytest
import torch

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.errors import StudyError
from repdyn.families import FAMILIES
from repdyn.figures.style import to_png_bytes
from repdyn.measures.subject import Subject
from repdyn.measures.table import COLUMNS as TABLE
from repdyn.measures.table import combine, entry, joined
from repdyn.models import build
from repdyn.models.embedding import PADDING
from repdyn.report.quantities import quantity_names
from repdyn.seeds import derive
from repdyn.sparse_autoencoders.autoencoder import encode, explained_variance, fit, reconstruct
from repdyn.sparse_autoencoders.dictionaries import gaussian_matched, matched, random_dictionary
from repdyn.sparse_autoencoders.features import class_detectors
from repdyn.sparse_autoencoders.linear import principal
from repdyn.sparse_autoencoders.pairing import paired_correlation
from repdyn.sparse_autoencoders.spliced import effect
from repdyn.toolkit import TOOLS, load
from repdyn.toolkit.sparse_autoencoders import measure as module
from repdyn.toolkit.sparse_autoencoders.across import across
from repdyn.toolkit.sparse_autoencoders.expansions import expansions
from repdyn.toolkit.sparse_autoencoders.figure import COLUMNS, draw
from repdyn.toolkit.sparse_autoencoders.findings import FEWEST, _sizes, found, limits, sentence
from repdyn.training.tracker import evaluating

LAYERS = {"mlp": "hidden.1", "cnn": "blocks.1", "transformer": "blocks.1"}
ONCE = {"rows", "features", "active", "uses"}
LAST = (
    {"class_effect", "explained_variance_longer"}
    | {f"penalty_{name}" for name in ("l0", "explained_variance", "loss_recovered", "pca_explained_variance")}
    | {f"expansion_{name}" for name in ("explained_variance", "dead", "mmcs_seeds")}
    | {"nested_features", "nested_explained_variance", "nested_containment"}
)
WITH_NULL = {
    "explained_variance",
    "dead",
    "dense",
    "mmcs_seeds",
    "mmcs_end",
    "class_f1",
    "class_effect",
    "expansion_mmcs_seeds",
    "nested_explained_variance",
    "nested_containment",
}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "TRAINING", {"steps": 40, "batch": 32})
    monkeypatch.setattr(module, "SHUFFLES", 3)
    monkeypatch.setattr(module, "DIRECTIONS", 3)


def trained(family, n=90, **shape):
    """{step: weights} at initialisation and after a few updates, and the network."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = build(NETWORKS[family], **(shape or SHAPE))
        states = {0: {name: value.clone() for name, value in model.state_dict().items()}}
        inputs, labels = data(n)
        optimiser = torch.optim.Adam(model.parameters(), 0.01)
        for _ in range(0 if shape else 30):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs), labels).backward()
            optimiser.step()
        states[30] = {name: value.clone() for name, value in model.state_dict().items()}
    return model, states


def subjects(family, n=90):
    model, states = trained(family)
    return tuple(Subject(model, states, *data(count, seed), 3, ("tiny",)) for count, seed in ((n - 30, 1), (n, 0)))


@pytest.mark.parametrize("family", NETWORKS)
def test_what_is_measured_is_what_is_said(family):
    held_out, training = subjects(family)
    table, maps = module.measure(held_out, training)
    assert list(table.columns) == list(TABLE)
    assert table["step"].is_monotonic_increasing
    assert set(table["layer"]) == {LAYERS[family]}
    by_step = {step: set(part["quantity"]) for step, part in table.groupby("step")}
    assert by_step[0] - by_step[30] == ONCE | {"mmcs_end"}
    assert by_step[30] - by_step[0] == LAST
    of_one_run = quantity_names("repdyn.toolkit.sparse_autoencoders", "measure") - {"models_alike"}
    assert by_step[0] | by_step[30] == of_one_run
    # The leading group of the convolution's dictionary is one feature: there is no other to be contained in.
    of_groups = {"nested_containment"} if family == "cnn" else set()
    beside_null = {name for name, part in table.groupby("quantity", observed=True) if part["null_mean"].notna().any()}
    assert beside_null == WITH_NULL - of_groups
    kinds = ("density", "null density", "codes")
    assert set(maps) == {f"{kind} {step}" for kind in kinds for step in (0, 30)} | {"classes of rows"}
    again, same = module.measure(*subjects(family))
    pd.testing.assert_frame_equal(table, again)
    assert all(np.array_equal(maps[name], same[name]) for name in maps)


def test_numbers_are_those_of_the_library():
    held_out, training = subjects("mlp")
    table, maps = module.measure(held_out, training)
    end = table[table["step"] == 30].drop_duplicates("quantity").set_index("quantity")["value"]
    rows, judged = (side.examples(30)["hidden.1"] for side in (training, held_out))
    x = torch.from_numpy(judged)
    seeds = [derive("tiny", "autoencoder", seed) for seed in (0, 1)]
    saes = [fit(rows, 16, seed, k=1, steps=40, batch=32) for seed in seeds]
    assert end["explained_variance"] == pytest.approx(
        np.mean([explained_variance(x, reconstruct(sae, x)) for sae in saes])
    )
    assert end["pca_explained_variance"] == pytest.approx(explained_variance(x, principal(rows, 1)(x)))
    assert end["explained_variance_longer"] == pytest.approx(
        explained_variance(x, reconstruct(y := fit(rows, 16, seeds[0], k=1, steps=120, batch=32), x)), abs=1e-6
    )
    assert y.k == 1
    with torch.inference_mode(), evaluating(held_out.model(30)):
        model = held_out.model(30)

        def rise(state):
            labels = torch.from_numpy(held_out.labels)
            return torch.nn.functional.cross_entropy(model.output(state), labels).item() - end["loss"]

        assert end["loss"] == pytest.approx(rise(x) + end["loss"], abs=1e-6)
        assert abs(rise(x)) < 1e-6
        assert end["rise_reconstruction"] == pytest.approx(rise(reconstruct(saes[0], x)), abs=1e-5)
        assert end["rise_zero"] == pytest.approx(rise(torch.zeros_like(x)), abs=1e-5)
        assert end["rise_mean"] == pytest.approx(rise(torch.from_numpy(rows.mean(0)).expand_as(x)), abs=1e-5)
    assert end["pca_loss_recovered"] == pytest.approx(1 - end["rise_pca"] / end["rise_mean"])
    assert end["loss_recovered"] == pytest.approx(1 - end["rise_reconstruction"] / end["rise_mean"])
    assert maps["density 30"].tolist() == pytest.approx((module._features(saes[0], rows) > 0).mean(0).tolist())
    first = table[table["step"] == 0].set_index("quantity")["value"]
    assert first[sorted(ONCE)].tolist() == [1, 16, 90, 90 / 16]
    assert end["penalty_l0"] > table[table["quantity"] == "penalty_l0"]["value"].iloc[-1]


def test_likeness_and_nulls_are_those_of_the_library():
    held_out, training = subjects("mlp")
    table, _ = module.measure(held_out, training)
    found = {}
    for step in (0, 30):
        rows = training.examples(step)["hidden.1"]
        for split, side in (("training", rows), ("held-out", held_out.examples(step)["hidden.1"])):
            for seed in (0, 1):
                rng = np.random.default_rng(derive("tiny", "Gaussian match", split, seed))
                found[step, split, seed] = gaussian_matched(side, rng)
        for name, sides in (("real", [rows] * 2), ("null", [found[step, "training", seed] for seed in (0, 1)])):
            saes = [
                fit(x, 16, derive("tiny", "autoencoder", seed), k=1, steps=40, batch=32) for seed, x in enumerate(sides)
            ]
            tensors = [torch.from_numpy(np.asarray(x, dtype=np.float32)) for x in sides]
            active = [(encode(sae, x) > 0).any(0).numpy() for sae, x in zip(saes, tensors, strict=True)]
            found[step, name] = saes, [sae.decoder.numpy()[alive] for sae, alive in zip(saes, active, strict=True)]
    by_step = table.drop_duplicates(["step", "quantity"]).set_index(["step", "quantity"])
    for column, name in (("value", "real"), ("null_mean", "null")):
        live = {step: found[step, name][1] for step in (0, 30)}
        assert by_step.loc[(30, "mmcs_seeds"), column] == pytest.approx(matched(*live[30]))
        across = np.mean([matched(*pair) for pair in zip(live[0], live[30], strict=True)])
        assert by_step.loc[(0, "mmcs_end"), column] == pytest.approx(across)
        assert by_step.loc[(30, "dead"), column] == pytest.approx(1 - sum(map(len, live[30])) / 32)
    fresh = [torch.from_numpy(found[30, "held-out", seed].astype(np.float32)) for seed in (0, 1)]
    null = [explained_variance(x, reconstruct(sae, x)) for sae, x in zip(found[30, "null"][0], fresh, strict=True)]
    assert by_step.loc[(30, "explained_variance"), "null_mean"] == pytest.approx(np.mean(null), abs=1e-6)

    sae = found[30, "real"][0][0]
    sides = [torch.from_numpy(side.examples(30)["hidden.1"]) for side in (training, held_out)]
    labels = training.labels, held_out.labels
    best = class_detectors(encode(sae, sides[0]).numpy(), labels[0], encode(sae, sides[1]).numpy(), labels[1], 3)
    assert by_step.loc[(30, "class_f1"), "value"] == pytest.approx(best.f1.mean())
    both = [torch.hstack([side, -side]).numpy() for side in sides]
    units = class_detectors(both[0], labels[0], both[1], labels[1], 3)
    assert by_step.loc[(30, "unit_class_f1"), "value"] == pytest.approx(units.f1.mean())
    for label in range(3):
        chosen = labels[1] == label
        inputs = held_out.inputs[torch.from_numpy(chosen)]
        rise, _ = effect(held_out.model(30), "hidden.1", sae, inputs, labels[1][chosen], int(best.feature[label]))
        row = table[(table["quantity"] == "class_effect") & (table["unit"] == label)].iloc[0]
        assert row["value"] == pytest.approx(rise, abs=1e-6)
        assert row["null_sd"] >= 0


def test_units_may_detect_a_class_by_falling_and_shuffled_labels_detect_none():
    held_out, training = subjects("mlp")
    sides = [module.Rows(-np.eye(3)[side.labels], np.arange(len(side.labels))) for side in (training, held_out)]
    planted_features = [-side.values for side in sides]
    detectors = module._detectors(training, held_out, *planted_features)
    arguments = held_out, training, 30, "hidden.1", planted_features, detectors, tuple(sides)
    table = combine(module._classes(*arguments)).set_index("quantity")
    assert table["value"].tolist() == [1, 1]
    assert table.loc["class_f1", "null_mean"] < 0.7


def test_rows_are_positions_and_tokens_without_padding():
    held_out, _ = subjects("cnn")
    positions = module.rows_of(held_out, 30, "blocks.1")
    assert positions.values.shape == (60 * 4 * 4, 6)
    assert positions.owner.tolist() == np.repeat(np.arange(60), 16).tolist()
    with torch.inference_mode():
        pooled = held_out.model(30).blocks[1](held_out.model(30).blocks[0](held_out.inputs[:1]))
    assert positions.values[5] == pytest.approx(pooled[0, :, 1, 1].numpy(), abs=1e-6)

    tokens = torch.from_numpy(np.random.default_rng(0).integers(1, 9, (7, 5)))
    tokens[:, 3:] = PADDING
    tokens[2, 3] = 4
    model, states = trained("transformer", kind="text", shape=(5,), classes=3, vocabulary=9)
    rows = module.rows_of(Subject(model, states, tokens, torch.arange(7) % 3, 3), 0, "blocks.1")
    assert rows.values.shape == (22, 16)
    assert np.bincount(rows.owner).tolist() == [3, 3, 4, 3, 3, 3, 3]


def test_many_rows_are_drawn_once_for_all_steps(monkeypatch):
    monkeypatch.setattr(module, "ROWS", 50)
    first, again = module._chosen(80, ("a",)), module._chosen(80, ("a",))
    assert np.array_equal(first, again)
    assert len(np.unique(first)) == 50
    assert not np.array_equal(first, module._chosen(80, ("b",)))
    assert module._chosen(50, ("a",)).tolist() == list(range(50))


def test_a_dead_layer_is_not_evaluable_and_drawn_as_such():
    held_out, training = subjects("mlp")
    for side in (held_out, training):
        for name in ("hidden.1.0.weight", "hidden.1.0.bias"):
            side.states[30][name] = torch.zeros_like(side.states[30][name])
    table, maps = module.measure(held_out, training)
    end = table[table["step"] == 30]
    assert end["quantity"].tolist() == ["explained_variance"]
    assert end["value"].isna().all()
    assert set(maps) == {"density 0", "null density 0", "codes 0", "classes of rows"}
    table.insert(0, "experiment", "mlp-tiny")
    table.insert(1, "seed", 0)
    assert to_png_bytes(draw(table, {"mlp-tiny/0": maps}), dpi=40)
    assert "not evaluable" in " ".join(found(table))


def planted(runs, effect=0.3, uses=100, spread=0.01):
    """A table of runs in which features beat every null and baseline by `effect`."""
    rng = np.random.default_rng(0)
    tables = []
    for seed in range(runs):
        entries = []
        for step in (0, 100):

            def both(name, scale=1.0, step=step, entries=entries, **options):
                value = 0.5 + scale * effect * (step > 0) + spread * rng.standard_normal()
                entries.append(entry(step, "hidden.0", name, value, 0.5, 0.01, **options))

            for name in ("explained_variance", "mmcs_seeds", "class_f1"):
                both(name)
            for name in ("pca_explained_variance", "unit_class_f1", "pca_loss_recovered", "mmcs_random"):
                entries.append(entry(step, "hidden.0", name, 0.5))
            entries.append(entry(step, "hidden.0", "loss_recovered", 0.9 if step else np.nan))
        entries.append(entry(0, "hidden.0", "mmcs_end", 0.5 + effect + spread * (-1) ** seed, 0.5, reference=100))
        entries.append(entry(0, "hidden.0", "rows", 1000 + seed))
        entries.append(entry(0, "hidden.0", "active", 4))
        entries.append(entry(0, "hidden.0", "uses", uses))
        entries.append(entry(100, "hidden.0", "explained_variance_longer", 0.5 + effect))
        noise = spread * rng.standard_normal(3)
        entries.append(entry(100, "hidden.0", "class_effect", 0.1 + effect + noise, np.full(3, 0.1), np.full(3, 0.05)))
        entries.append(entry(100, "hidden.0", "penalty_l0", [9.0, 5.0, 2.0]))
        entries.append(
            entry(100, "hidden.0", "penalty_explained_variance", [0.9, 0.8, 0.5 + effect + spread * noise[0]])
        )
        entries.append(entry(100, "hidden.0", "penalty_pca_explained_variance", [0.9, 0.7, 0.5]))
        table = combine(entries)
        table.insert(0, "experiment", "mlp-digits")
        table.insert(1, "seed", seed)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def test_what_was_found_is_said_with_its_numbers():
    variance, stability, classes = found(planted(5))
    assert re.search(r"features explain 0\.(79|80)", variance)
    assert ": more (above in 5 of 5 runs)" in variance
    assert "this difference grows" in variance
    assert variance.count("the features more (above in 5 of 5 runs)") == 2
    assert "with 2.0 (2.0 to 2.0) features active" in variance
    assert "penalty grows in 5 of 5 runs" in variance
    assert "keeps 0.900 (0.900 to 0.900)" in variance
    assert stability.count("more alike (above in 5 of 5 runs)") == 2
    assert ": better (above in 5 of 5 runs)" in classes
    assert "features better (above in 5 of 5 runs)" in classes
    assert "for 15 of 15 classes" in classes
    assert "1,000 to 1,004" in limits(planted(5)) and "in 0 of 5 runs" in limits(planted(5))
    assert "in 5 of 5 runs" in limits(planted(5, uses=FEWEST - 1))
    assert sentence(planted(5)) == (
        "Sparse features describe the last hidden layer better than they describe noise of its covariance (in 5 of 5 runs);"
        " the best of them tell a class from the others better than single units do (in 5 of 5 runs)."
    )


def test_nothing_is_found_in_nothing_and_in_too_few_runs():
    text = " ".join(found(planted(6, effect=0.0)))
    assert text.count("undecided (above in") >= 6
    for claim in (": more (", "grows (", "more alike (", "better (", "the features more ("):
        assert claim not in text
    assert sentence(planted(6, effect=0.0)).count("is undecided") == 2
    text = " ".join(found(planted(2)))
    assert "undecided, too few runs (above in 2 of 2 runs)" in text
    assert ": more (" not in text
    text = " ".join(found(planted(5, effect=-0.3)))
    assert ": less (above in 0 of 5 runs)" in text
    assert "this difference shrinks" in text
    # Above the null, but by less than two of its standard deviations.
    assert "for 0 of 9 classes" in found(planted(3, effect=0.08, spread=0.001))[2]
    rising = planted(3)
    rising.loc[rising["quantity"] == "penalty_l0", "value"] = [1, 2, 3] * 3
    assert "penalty grows in 0 of 3 runs" in found(rising)[0]


@pytest.mark.parametrize("runs", [1, 4])
def test_the_figure_draws_the_table(runs):
    table = planted(runs)
    table.loc[(table["seed"] == 0) & (table["quantity"] == "penalty_explained_variance"), "value"] *= 0.5
    figure = draw(table, {})
    assert len(figure.axes) == runs * len(COLUMNS)
    variance, likeness, f1, share = figure.axes[-len(COLUMNS) :]
    assert all(len({axes.get_ylim() for axes in figure.axes[column :: len(COLUMNS)]}) == 1 for column in range(4))
    last = table[table["seed"] == runs - 1]

    def values(quantity, column="value"):
        return last[last["quantity"] == quantity].sort_values("step")[column].tolist()

    assert variance.lines[0].get_xydata().tolist() == [
        [x, y] for x, y in zip([2, 5, 9], values("penalty_explained_variance")[::-1], strict=True)
    ]
    assert [line.get_xydata()[0].tolist() for line in variance.lines[2:]] == [
        [4, values("explained_variance")[-1]], [4, 0.5], [4, 0.5]
    ]  # fmt: skip
    assert likeness.lines[0].get_ydata().tolist() == values("mmcs_seeds")
    assert likeness.lines[1].get_ydata().tolist() == values("mmcs_seeds", "null_mean")
    assert f1.lines[0].get_ydata().tolist() == values("class_f1")
    assert np.isnan(share.lines[0].get_ydata()[0])
    assert share.lines[0].get_ydata()[1] == 0.9
    assert [label.get_text() for label in likeness.get_xticklabels()] == ["0", "100"]


def test_without_runs_the_figure_says_so():
    figure = draw(planted(1).iloc[:0], {})
    assert "No sparse autoencoder" in figure.texts[0].get_text()


def test_the_module_is_registered():
    assert load("sparse_autoencoders", "measure") is module
    assert TOOLS["sparse_autoencoders"].families == FAMILIES


def test_seeds_agree_on_a_planted_dictionary_of_its_size_and_on_noise_on_nothing():
    rng = np.random.default_rng(0)
    dictionary = random_dictionary(48, 24, rng)
    codes = (rng.random((6000, 48)) < 3 / 48) * (0.5 + rng.random((6000, 48)))
    noise = rng.standard_normal((6000, 24))
    found = {}
    for name, rows in (("planted", codes @ dictionary), ("noise", noise)):
        entries = expansions(9, "h", rows, rows[:500], (1, 2, 400), {}, (1, 2), rng, k=3, steps=1000, batch=128)
        found[name] = {item["quantity"][0]: item for item in entries}
        assert np.isnan(found[name]["expansion_dead"]["value"][2])  # more features than rows
    alike = {name: each["expansion_mmcs_seeds"] for name, each in found.items()}
    assert alike["planted"]["value"][1] > 0.88 > alike["planted"]["value"][0]
    assert alike["noise"]["value"][1] == pytest.approx(alike["noise"]["null_mean"][1], abs=0.05)
    beyond = alike["planted"]["value"] - alike["planted"]["null_mean"]
    assert beyond[1] > 0.3
    explained = found["planted"]["expansion_explained_variance"]["value"]
    assert explained[1] > explained[0] + 0.05


def test_what_is_said_of_sizes_is_what_the_table_says():
    table = pd.concat([
        combine([
            entry(9, "h", "expansion_mmcs_seeds", [0.5, 0.6, 0.9 + run / 100], [0.3, 0.35, 0.4]),
            entry(9, "h", "expansion_explained_variance", [0.4, 0.5, 0.6]),
        ]).assign(experiment=f"a{run}", seed=0)
        for run in range(4)
    ])  # fmt: skip
    text = _sizes(table)
    assert (
        "the variance explained changes by 0.200 (0.200 to 0.200)" in text
        and ": more alike (above in 4 of 4 runs)" in text
    )
    same = table.assign(value=table["value"].where(table["quantity"] != "expansion_mmcs_seeds", table["null_mean"]))
    assert "undecided" in _sizes(same) or "above in 0 of 4 runs" in _sizes(same)
    assert _sizes(table[:0]) == ""


def test_seeds_are_compared_on_the_same_rows_feature_by_feature():
    """Of the first seed with itself the likeness is 1; of other weights what the library says, beside shuffled rows."""
    held_out, training = subjects("mlp")
    table, maps = module.measure(held_out, training)
    same = across(table, maps, maps, ("tiny", 1))
    assert same["step"].tolist() == [0, 30]
    assert set(same["quantity"]) == {"models_alike"} and set(same["layer"]) == {"hidden.1"}
    assert same["value"].to_numpy() == pytest.approx([1, 1], abs=1e-6)
    assert (same["null_mean"] < 0.9).all() and (same["null_sd"] > 0).all()
    rng = np.random.default_rng(0)
    for side in (held_out, training):  # other weights
        for step in (0, 30):
            side.states[step] = {
                name: value + 0.3 * torch.from_numpy(rng.standard_normal(value.shape)).float()
                for name, value in side.states[step].items()
            }
    others = module.measure(*(Subject(side.network, side.states, side.inputs, torch.from_numpy(side.labels), 3, ("tiny", 1))
                              for side in (held_out, training)))[1]  # fmt: skip
    found = across(table, others, maps, ("tiny", 1))
    assert np.array_equal(others["classes of rows"], maps["classes of rows"])
    expected = [paired_correlation(others[f"codes {step}"], maps[f"codes {step}"]) for step in (0, 30)]
    assert found["value"].tolist() == expected and max(expected) < 1
    both = joined([table, found])
    assert list(both.columns) == list(TABLE) and len(both) == len(table) + 2 and both["step"].is_monotonic_increasing
    with pytest.raises(StudyError, match="same held-out rows"):
        across(table, others, maps | {"classes of rows": maps["classes of rows"][::-1]}, ())


def of_seeds(alike, early=0.2, null=0.2):
    """Runs of three experiments at two seeds, with the likeness of the second to the first at the end."""
    table = planted(6).assign(experiment=np.repeat([f"mlp-{place}" for place in range(3)], 2).repeat(len(planted(1))))
    table["seed"] = table["seed"] % 2
    more = [
        combine(
            [entry(step, "hidden.0", "models_alike", value + (place - 1) / 100 * (1 if step else -1), null, 0.01)]
        ).assign(experiment=f"mlp-{place}", seed=1)
        for place in range(3)
        for step, value in ((0, early), (100, alike))
    ]
    return pd.concat([table, *more], ignore_index=True)


def test_what_is_said_of_other_seeds_follows_their_null():
    assert "not evaluable: one seed" in found(planted(5))[1]
    said = found(of_seeds(0.6))[1]
    assert "by 0.600 (0.575 to 0.625)" in said and "within their class by 0.200" in said
    assert ": more alike (above in 3 of 3 experiments). At initialisation they correlate by 0.200" in said
    assert "over training this grows" in said
    nothing = found(of_seeds(0.2))[1].partition("Matched one to one")[2]
    assert ": undecided (above in" in nothing and "does not change clearly" in nothing
    figure = draw(of_seeds(0.6), {})
    likeness = figure.axes[len(COLUMNS) * 5 + 1]
    assert [0.19, 0.61] in [line.get_ydata().tolist() for line in likeness.lines]
    assert "of networks of two seeds, correlation" in [
        text.get_text() for each in figure.legends for text in each.texts
    ]
