"""The tool of double descent: measured small, and told and drawn from tables whose answers are planted."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from repdyn.measures.table import COLUMNS, combine, entry
from repdyn.organisms.double_descent import random_feature_error
from repdyn.report.quantities import quantity_names
from repdyn.toolkit.double_descent import measure as tool
from repdyn.toolkit.double_descent.figure import draw
from repdyn.toolkit.double_descent.findings import errors, found, limits, peak, sentence

COUNTS = (20, 50, 100, 200, 1000)


def test_the_error_is_that_of_the_pseudo_inverse_and_of_the_penalised_equations():
    rows, inputs, features, ridge = 12, 3, 30, 0.2
    rng = np.random.default_rng(4)
    slope = rng.standard_normal(inputs) / np.sqrt(inputs)
    slope /= np.sqrt((slope**2).sum())
    layer = rng.standard_normal((inputs, features)) / np.sqrt(inputs)
    x, unseen = rng.standard_normal((rows, inputs)), rng.standard_normal((1000, inputs))
    y = x @ slope + 0.5 * rng.standard_normal(rows)
    fitted, read = x @ layer * (x @ layer > 0), unseen @ layer * (unseen @ layer > 0)
    penalised = np.linalg.inv(fitted.T @ fitted + ridge * rows * np.eye(features)) @ fitted.T
    for inverse, penalty in ((np.linalg.pinv(fitted), 0.0), (penalised, ridge)):
        expected = ((read @ (inverse @ y) - unseen @ slope) ** 2).mean()
        error = random_feature_error(rows, inputs, features, np.random.default_rng(4), ridge=penalty)
        assert error == pytest.approx(expected, rel=1e-9)


@pytest.fixture(scope="module")
def measured():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tool, "ROWS", 40)
        patch.setattr(tool, "FEATURES", (5, 20, 40, 80, 400))
        patch.setattr(tool, "REPEATS", 3)
        return tool.measure(0)[0].assign(experiment="double_descent", seed=0)


def test_the_peak_is_at_as_many_features_as_rows_and_a_penalty_takes_it_away(measured):
    assert list(measured.columns)[: len(COLUMNS)] == list(COLUMNS)
    assert set(measured["quantity"]) == quantity_names("repdyn.toolkit.double_descent", "measure")
    free, penalised = errors(measured), errors(measured, "null_mean")
    assert free.columns.tolist() == [5, 20, 40, 80, 400] and free.shape == penalised.shape == (3, 5)
    assert free.apply(peak, axis=1).tolist() == [40] * 3 and (free[40] > 5 * free[400]).all()
    assert penalised.apply(peak, axis=1).isna().all() and (penalised[40] < 1).all()
    assert free.nunique().tolist() == [3] * 5  # every repetition draws anew


def test_a_value_is_the_median_of_its_draws_and_its_null_has_the_same(monkeypatch):
    monkeypatch.setattr(tool, "FEATURES", (10,))
    monkeypatch.setattr(tool, "REPEATS", 1)
    seen = []

    def drawn(rows, inputs, features, rng, ridge):
        seen.append((ridge, rng.random()))
        return {0: 9.0, 1: 1.0, 2: 100.0, 3: 2.0, 4: 3.0}[(len(seen) - 1) % 5] + ridge

    monkeypatch.setattr(tool, "random_feature_error", drawn)
    table = tool.measure(0)[0].set_index("quantity").loc["test_error"]
    assert table["value"] == 3 and table["null_mean"] == pytest.approx(3.1)
    assert [number for _, number in seen[:5]] == [number for _, number in seen[5:]]
    assert len({number for _, number in seen}) == 5


def planted(free, penalised, repeats=4) -> pd.DataFrame:
    entries = [entry(0, "", "features", np.array(COUNTS)), entry(0, "", "rows", 100)]
    entries += [entry(0, f"repetition {i}", "test_error", np.array(free), np.array(penalised)) for i in range(repeats)]
    return combine(entries).assign(experiment="double_descent", seed=0)


def test_what_is_said_is_what_was_planted():
    table = planted([0.8, 0.4, 40, 0.5, 0.2], [0.8, 0.4, 0.2, 0.2, 0.1])
    assert sentence(table) == (
        "Fitted to 100 rows, models without a penalty have a peak of the test error at 100 features (in 4 of 4 repetitions),"
        " with a ridge penalty no peak (in any of 4 repetitions); with 1,000 features they err less than with any number"
        " below that of the rows in 4 of 4 repetitions."
    )
    first, second = found(table)
    assert (
        "is 0.4 (0.4 to 0.4; 4 runs) with the best number of features below 100, 40 (40 to 40; 4 runs) with 100"
        in first
    )
    assert "at the worst 200 (200 to 200; 4 runs) times" in first and "0.1 (0.1 to 0.1; 4 runs);" in second
    assert (
        "200 (200 to 200; 4 runs) times as large with 100 features, and 2 (2 to 2; 4 runs) times with 1,000" in second
    )
    assert "there may be none" in limits(table)


def test_without_a_peak_none_is_said_and_an_edge_or_a_bump_is_no_peak():
    falling = [0.8, 0.5, 0.4, 0.3, 0.2]
    told = sentence(planted(falling, [0.1, 0.2, 9, 0.2, 0.1]))
    assert (
        "without a penalty have no peak (in any of 4 repetitions), with a ridge penalty a peak of the test error"
        in told
    )
    assert "in 0 of 4 repetitions" in sentence(planted([0.2, 0.3, 9, 0.5, 0.4], falling))
    assert np.isnan(peak(pd.Series([9.0, 1, 1], COUNTS[:3]))) and np.isnan(peak(pd.Series([1.0, 1.9, 1], COUNTS[:3])))
    assert peak(pd.Series([1.0, 2.1, 1], COUNTS[:3])) == 50 and np.isnan(peak(pd.Series([1.0, 9, 5], COUNTS[:3])))
    assert sentence(planted(falling, falling)[:0]) == "No model was fitted." == found(planted(falling, falling)[:0])[0]


def test_the_figure_draws_both_curves(measured):
    figure = draw(measured, {})
    FigureCanvasAgg(figure).draw()
    curves = {line.get_label(): line for line in figure.axes[0].lines}
    mean = np.exp(np.log(errors(measured)).mean())
    assert curves["value"].get_ydata() == pytest.approx(mean.to_numpy())
    assert curves["null_mean"].get_ydata()[2] < 1 < curves["value"].get_ydata()[2]
    assert 40 in [line.get_xdata()[0] for line in figure.axes[1].lines] and len(figure.axes) == 2
    assert not draw(measured[:0], {}).axes
