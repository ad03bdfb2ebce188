"""Claim C15 rests on the hypotheses H4 and H5: contrasts of jumps against placebos, in standard deviations."""

import numpy as np
import pandas as pd
import pytest

from repdyn.audit.claims.c15 import standardised


def contrasts(hypothesis: str, kind: str, values: np.ndarray, family: str = "mlp") -> pd.DataFrame:
    rows = [(f"{family}_{i // 3}-d{i % 3}-{kind}", f"{family}_{i // 3}", f"d{i % 3}") for i in range(len(values))]
    table = pd.DataFrame(rows, columns=["experiment", "architecture", "dataset"])
    return table.assign(hypothesis=hypothesis, family=family, kind=kind, contrast=values)


def test_escape_is_what_falls_more_than_in_placebos():
    rng = np.random.default_rng(0)
    jumps, placebos = -3 + 2 * rng.standard_normal(24), -1 + 2 * rng.standard_normal(24)
    found = standardised(pd.concat([contrasts("H4", "jump", jumps), contrasts("H4", "placebo", placebos)]))
    spread = np.sqrt((jumps.var(ddof=1) + placebos.var(ddof=1)) / 2)
    estimate = found["escape"].estimate
    assert estimate.value == pytest.approx((placebos.mean() - jumps.mean()) / spread) and 0.3 < estimate.low < 1
    alike = standardised(pd.concat([contrasts("H4", "jump", jumps), contrasts("H4", "placebo", jumps)]))
    assert alike["escape"].estimate.value == pytest.approx(0) and alike["escape"].estimate.low < 0


def test_acquisition_has_no_placebo_to_beat():
    values = np.array([1.0, 2.0, 3.0, 2.0, 1.0, 3.0])
    found = standardised(contrasts("H5", "jump", values))
    assert found["acquisition"].estimate.value == pytest.approx(values.mean() / values.std(ddof=1))
    assert np.isnan(found["escape"].estimate.value)


def test_families_are_scaled_each_by_itself():
    wide = pd.concat(
        [
            contrasts("H5", "jump", np.array([10.0, 30.0, 20.0])),
            contrasts("H5", "jump", np.array([0.1, 0.3, 0.2]), "cnn"),
        ]
    )
    assert standardised(wide)["acquisition"].estimate.value == pytest.approx(2)


def test_without_contrasts_there_is_nothing():
    assert standardised(pd.DataFrame()) == {}
