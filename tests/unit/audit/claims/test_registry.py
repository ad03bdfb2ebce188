"""A claim is one file, one line and one entry: each that is registered is in the audit, the ledger and the configuration."""

import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from helpers.project import ROOT
from repdyn.audit import claims, columns, ledger
from repdyn.audit.claims import CLAIMS
from repdyn.audit.definitions import Column
from repdyn.audit.estimates import Estimate
from repdyn.audit.quantities import Quantity, Tables

DECLARED = yaml.safe_load((ROOT / "config/claims.yaml").read_text())
PARTS = ("published", "repaired", "null", "ours", "PUBLISHED_NOTES", "REPAIRED_NOTE", "WITHOUT")


def test_files_lines_and_entries_are_the_same_claims():
    files = sorted(path.stem.upper() for path in Path(claims.__file__).parent.glob("c[0-9]*.py"))
    assert files == list(CLAIMS) == [claim["id"] for claim in DECLARED["claims"]]
    for name, module in CLAIMS.items():
        assert module.__name__.endswith(name.lower()) and module.__doc__.startswith(f"{name}: ")


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_says_its_estimand_bound_null_and_rule(name):
    for head in ("\nEstimand", "Bound", "Null:", "\nRule:"):
        assert head in CLAIMS[name].__doc__, f"{name}: {head.strip()}"


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_has_all_its_parts(name):
    assert [part for part in PARTS if not hasattr(CLAIMS[name], part)] == []


def test_a_new_claim_is_in_every_column(monkeypatch):
    def published(column: Column) -> dict[str, float]:
        return {"answer": 42.0}

    def ours(tables: Tables) -> dict[str, Quantity]:
        return {"answer": Quantity(Estimate(41.0, 40.0, 43.0, 9, 0.5, 8.0))}

    new = types.SimpleNamespace(
        published=published,
        repaired=published,
        null=lambda draws: {"a null": {"answer": np.full(draws.number, 7.0)}},
        ours=ours,
        PUBLISHED_NOTES={"answer": "noted"},
        REPAIRED_NOTE="D99",
        WITHOUT={},
    )
    for name in list(CLAIMS):
        monkeypatch.delitem(CLAIMS, name)
    monkeypatch.setitem(CLAIMS, "C18", new)
    nothing = pd.DataFrame()
    monkeypatch.setattr(columns, "column_of", lambda logs, definitions, filters=None: Column([], nothing, definitions))
    monkeypatch.setattr(columns, "published_tables", lambda runs, level: Tables(nothing, {}))
    condition = {"quantity": "answer", "above": 30, "published": 42, "none": 0, "defect": "answer"}
    rule = {"rule": "bounds", "conditions": [condition]}
    entry = {"id": "C18", "claim": "The answer is 42", "published": {"answer": {"value": 42}}, "verdict": rule}
    audited, errors = ledger.audit({}, {"claims": [entry]}, 0.05)
    found = columns.ours(columns.quantities(Tables(nothing, {})))
    whole = ledger.with_ours(audited, found, {"claims": [entry]})
    assert errors["jumps"].tolist() == [0]
    (row,) = whole.to_dict("records")
    assert (row["as_published"], row["repaired"], row["null"], row["null_mean"], row["ours"]) == (
        42,
        42,
        "a null",
        7,
        41,
    )
    assert (row["note"], row["evidence"], row["holds"]) == ("noted; D99", "not derivable", "holds")
    assert row["defect_mean"] == 7
