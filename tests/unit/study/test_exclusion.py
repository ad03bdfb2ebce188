"""One rule says which runs no average holds, and nobody else applies one of their own."""

import re

import numpy as np
import pandas as pd
import pytest

from helpers.project import ROOT
from repdyn.study.exclusion import AT_CHANCE, DIVERGED, excluded_runs, learned, why_excluded


@pytest.mark.parametrize(
    ("diverged_at", "at_chance", "reason"),
    [(None, False, None), (40, False, DIVERGED), (40, True, DIVERGED), (None, True, AT_CHANCE), (np.nan, None, None)],
)
def test_a_run_is_excluded_for_one_reason(diverged_at, at_chance, reason):
    facts = {"diverged_at": diverged_at, "at_chance": at_chance}
    assert why_excluded(facts) == reason
    table = pd.DataFrame([facts], index=[7])
    assert excluded_runs(table).to_dict() == {7: reason is not None}
    assert len(learned(table)) == (reason is None)


def test_a_table_without_runs_excludes_none():
    assert excluded_runs(pd.DataFrame(columns=["diverged_at", "at_chance"])).dtype == bool


def test_nobody_else_asks_whether_a_run_ended_at_chance():
    asks = re.compile(r"""(\[|get\()["']at_chance["']|\.at_chance\b""")
    code = [path for path in (ROOT / "workflow").rglob("*.py") if asks.search(path.read_text(encoding="utf-8"))]
    assert [path.name for path in code] == ["exclusion.py"]
