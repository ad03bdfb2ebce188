"""The table of quantities: read from docstrings, whole, and with everything that modules measure."""

import ast

import pytest
import yaml

from helpers.project import ROOT
from repdyn.errors import StudyError
from repdyn.measures import MODULES
from repdyn.report.quantities import Quantity, cells, described, entry, is_described, table_of
from repdyn.toolkit import TOOLS

SOURCES = [*(("repdyn.measures", name) for name in MODULES), *((f"repdyn.toolkit.{name}", "measure") for name in TOOLS)]
PHASE_2 = [quantity for module in MODULES for quantity in described("repdyn.measures", module).quantities]


def test_an_entry_is_read_whole():
    text = "- a_b, c/<method> [nats] (unit: head): what `it` is. Two sentences."
    text += " Null: shuffled, exact. Source: One 1990; Two 2000."
    assert entry(text, "somewhere") == Quantity(
        ("a_b", "c/<method>"), "nats", "head", "what it is. Two sentences", "shuffled, exact", "One 1990; Two 2000"
    )
    assert entry("- a [share]: b.", "") == Quantity(("a",), "share", "", "b", "", "")
    assert cells(entry("- a_b [share] (unit: head): c.", "")) == ["a b", "share, a row per head", "c", "none", ""]


@pytest.mark.parametrize("text", ["- a: no unit.", "- a [nats] no colon", "- [nats]: no name."])
def test_an_entry_of_another_form_is_named(text):
    with pytest.raises(StudyError, match="somewhere"):
        entry(text, "somewhere")


def test_names_are_matched_whole():
    known = [entry("- gain [ratio]: x.", ""), entry("- agreement/<method>/<other method> [correlation]: y.", "")]
    for name in ("gain", "gain_low", "gain_high", "agreement/a/b"):
        assert is_described(name, known), name
    for name in ("gains", "gain_median", "agreement/a", "agreement/a/b/c"):
        assert not is_described(name, known), name


def test_what_head_redundancy_means():
    quantity = next(
        found for found in described("repdyn.measures", "attention").quantities if "head_redundancy" in found.names
    )
    assert quantity.unit == "CKA" and quantity.rows == "head" and "another head" in quantity.meaning
    assert "other examples" in quantity.null and "Kornblith 2019" in quantity.source


def test_constants_stand_as_numbers():
    rows = table_of("repdyn.toolkit.geometry", "measure")["rows"]
    assert next(cells for cells in rows if cells[0] == "dimension MLE")[2].endswith("from 10 neighbours")


@pytest.mark.parametrize(("package", "module"), SOURCES)
def test_every_name_that_a_module_writes_is_described(package, module):
    """Names that stand in the code; those that are put together are looked for in the tables of the small study."""
    found = described(package, module)
    assert found.common and found.quantities
    path = ROOT / "workflow" / package.replace(".", "/") / f"{module}.py"
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    entries = [call for call in calls if getattr(call.func, "id", "") == "entry" and len(call.args) > 2]
    names = {call.args[2].value for call in entries if isinstance(call.args[2], ast.Constant)}
    assert [name for name in names if not is_described(name, found.quantities)] == []


def test_no_quantity_of_phase_2_is_described_twice():
    names = [
        name
        for module in MODULES
        for quantity in described("repdyn.measures", module).quantities
        for name in quantity.names
    ]
    assert len(names) == len(set(names))


def test_what_hypotheses_are_about_is_described():
    asked = yaml.safe_load((ROOT / "config/hypotheses.yaml").read_text())
    names = {hypothesis["quantity"] for hypothesis in asked.values()}
    assert names and [name for name in names if not is_described(name, PHASE_2)] == []
