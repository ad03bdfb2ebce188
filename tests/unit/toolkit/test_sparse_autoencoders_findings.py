"""What the page says and draws of sparse autoencoders, on tables with a known answer."""

import re

import numpy as np
import pandas as pd
import pytest

from repdyn.measures.table import combine, entry
from repdyn.toolkit.sparse_autoencoders.figure import COLUMNS, draw
from repdyn.toolkit.sparse_autoencoders.findings import FEWEST, _sizes, found, limits, sentence


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
