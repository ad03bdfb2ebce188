"""Groups of cells of a layer beside the information bottleneck: planted clouds, and a line that no code lies above."""

import numpy as np
import pandas as pd
import pytest

from repdyn.information.closed_forms import table_information
from repdyn.information.neighbours import entropy
from repdyn.measures.table import combine, entry
from repdyn.toolkit.information_plane.codes import CELLS, codes, tangents
from repdyn.toolkit.information_plane.findings import _codes


def of(fitted, judged, labels, classes=3):
    rng = np.random.default_rng(5)
    table = combine(list(codes(9, "last", fitted, judged, labels, classes, rng)))
    return {name: rows.set_index("unit") for name, rows in table.groupby("quantity", observed=True)}


def test_clouds_of_the_classes_reach_the_bottleneck_and_noise_tells_nothing():
    rng, labels = np.random.default_rng(0), np.arange(600) % 3
    clouds = 6 * np.eye(3)[labels]
    found = of(*(clouds + 0.3 * rng.standard_normal((600, 3)) for _ in range(2)), labels)
    told, most = found["code_information"], found["code_most"]["value"]
    assert found["code_size"]["value"].tolist() == [3, 2, 5, 20]
    assert told["value"][0] == pytest.approx(np.log(3)) == pytest.approx(most[0])
    # Two groups of three classes: one holds two of them.
    assert told["value"][1] == pytest.approx(np.log(3) - 2 / 3 * np.log(2)) == pytest.approx(most[1], abs=1e-6)
    assert found["code_kept"]["value"][1] == pytest.approx(told["value"][1])
    assert told["null_mean"][0] < 0.3 and told["null_sd"][0] > 0.01
    noise = of(rng.standard_normal((600, 3)), rng.standard_normal((600, 3)), labels)
    assert noise["code_information"]["value"][0] < 0.05
    assert (noise["code_most"]["value"] >= noise["code_information"]["value"] - 1e-9).all()


def test_no_code_lies_above_the_tangents_and_the_best_ones_reach_them():
    rng = np.random.default_rng(1)
    joint = rng.multinomial(2000, rng.dirichlet(np.full(4, 0.4), 12).ravel() / 12).reshape(12, 4).astype(float)
    lines, near = tangents(joint, rng), []
    for _ in range(2000):
        merger = rng.integers(0, rng.integers(2, 12), 12)
        table = np.stack([joint[merger == each].sum(0) for each in np.unique(merger)])
        kept = entropy(np.repeat(merger, joint.sum(1).astype(int)))
        above = table_information(table) - min(least + kept / beta for beta, least in lines)
        assert above <= 1e-9
        near.append(above)
    assert max(near) > -0.35 and len(lines) == 7


def test_what_cannot_be_grouped_is_not_evaluable():
    few = of(np.random.default_rng(0).random((90, 2)), np.random.default_rng(1).random((90, 2)), np.arange(90) % 3)
    still = of(np.ones((600, 2)), np.ones((600, 2)), np.arange(600) % 3)
    for found in (few, still):
        assert all(found[name]["value"].isna().all() for name in ("code_kept", "code_information", "code_most"))
    assert CELLS <= 600 // 10


def planted(missing):
    """Six runs in which 0.5 nats are missing before training, and so many after it."""
    frames = []
    for run in range(6):
        rows = []
        for step, less in ((0, 0.5), (8, missing + 0.01 * (-1) ** run)):
            rows += [
                entry(step, "hidden.1", "code_information", [1 - less, 0.1], [0.2, 0.1], [0.01, 0.01]),
                entry(step, "hidden.1", "code_most", [1.0, 0.7]),
            ]
        frames.append(combine(rows).assign(experiment=f"mlp_{run}-digits", seed=0))
    return pd.concat(frames, ignore_index=True)


def test_what_is_said_of_groups():
    said = _codes(planted(0.1))
    assert "say 0.89 to 0.91 nats of the class (merged at random: 0.20)" in said and "0.09 to 0.11 less" in said
    assert "by -0.40 (-0.41 to -0.39; 6 runs): neighbours come to tell more of the class." in said
    assert "neighbours come to tell less of the class." in _codes(planted(0.8))
    assert "undecided" in _codes(planted(0.5))
    nothing = planted(0.1)
    assert "not evaluable in any run" in _codes(nothing.assign(value=np.nan))
