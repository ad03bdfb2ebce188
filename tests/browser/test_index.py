"""What the index does when it is used: the ledger filters, tables sort, folded parts open, numbers are those of the JSON."""

import json

import pytest

from helpers.chromium import opened
from repdyn.report.integrated import words_of
from repdyn.wording.numbers import interval, short


@pytest.fixture
def page(browser, report):
    with opened(browser, report / "index.html") as page:
        yield page


def test_a_run_is_one_click_away_and_so_is_the_way_back(page):
    link = page.locator("#run-table tbody a").first
    name = link.inner_text()
    link.click()
    assert page.locator("h1").inner_text().startswith(name)
    page.get_by_role("link", name="All runs").click()
    page.locator("#run-table").wait_for(timeout=5000)
    assert page.url.endswith("/index.html") and page.locator("#run-table").count() == 1


LINES = (
    "(bodies) => bodies.map((body) => [...body.rows].map((row) => [...row.cells].map((cell) => cell.innerText.trim())))"
)
ROWS = """(rows) => rows.map((row) => ({
    claim: row.dataset.claim, verdict: row.dataset.verdict, text: row.textContent.toLowerCase(),
    shown: row.getBoundingClientRect().height > 0,
}))"""


def rows(page) -> list[dict]:
    """Of the ledger: claim, verdict, text, and whether its rows take any space."""
    return page.eval_on_selector_all("#ledger-table tbody", ROWS)


def shown(page) -> list[str]:
    """The claims in sight; the page must say how many they are."""
    ledger = rows(page)
    visible = [row["claim"] for row in ledger if row["shown"]]
    status = page.locator("#claims-shown")
    assert status.get_attribute("role") == "status"
    assert status.inner_text() == f"{len(visible)} of {len(ledger)} claims"
    return visible


def test_the_ledger_has_every_claim_and_filters_by_text_and_verdict(page):
    ledger = rows(page)
    everything = [row["claim"] for row in ledger]
    assert everything == [f"C{number:02d}" for number in range(1, 18)] == shown(page)
    options = page.eval_on_selector_all("#verdict-filter option", "(all) => all.map((each) => each.value)")
    verdicts = {row["verdict"] for row in ledger}
    assert options[0] == "" and verdicts <= set(options[1:]) and verdicts
    for verdict in options[1:]:
        page.select_option("#verdict-filter", verdict)
        assert shown(page) == [row["claim"] for row in ledger if row["verdict"] == verdict]
    page.select_option("#verdict-filter", "")
    for text in ("c0", "C17", "JUMP", "layers", " jump "):
        page.fill("#claim-filter", text)
        expected = [row["claim"] for row in ledger if text.strip().lower() in row["text"]]
        assert shown(page) == expected and 0 < len(expected) < len(ledger), text
    verdict = max(verdicts)
    page.select_option("#verdict-filter", verdict)
    page.fill("#claim-filter", "c")
    assert shown(page) == [row["claim"] for row in ledger if row["verdict"] == verdict and "c" in row["text"]]
    page.fill("#claim-filter", "no claim says this")
    assert shown(page) == []
    page.select_option("#verdict-filter", "")
    page.fill("#claim-filter", "")
    assert shown(page) == everything


def test_the_ledger_filters_by_keyboard(page):
    page.focus("#claim-filter")
    page.keyboard.type("c17")
    assert shown(page) == ["C17"]
    for _ in range(3):
        page.keyboard.press("Backspace")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "verdict-filter"
    page.keyboard.press("ArrowDown")
    verdict = page.input_value("#verdict-filter")
    assert verdict and shown(page) == [row["claim"] for row in rows(page) if row["verdict"] == verdict]
    page.keyboard.press("ArrowUp")
    assert len(shown(page)) == 17


def keys(page, table: str, column: int) -> list[str]:
    """What the rows sort by, from top to bottom."""
    script = "(rows, column) => rows.map((row) => row.cells[column].dataset.key)"
    return page.eval_on_selector_all(f"#{table} tbody tr", script, column)


def in_order(page, values: list[str], down: bool) -> list[str]:
    """Numbers by value, words as the browser collates them, what is empty last either way."""
    filled = [value for value in values if value]
    try:
        ordered = sorted(filled, key=float, reverse=down)
    except ValueError:
        ordered = page.evaluate("(all) => all.sort((a, b) => a.localeCompare(b))", filled)
        ordered = ordered[::-1] if down else ordered
    return ordered + [""] * (len(values) - len(filled))


def directions(page, table: str) -> list[str | None]:
    return page.eval_on_selector_all(f"#{table} thead th", "(all) => all.map((each) => each.getAttribute('aria-sort'))")


def sorted_by(page, table: str, column: int, direction: str) -> bool:
    """Whether this column, and no other, says so and is in this order."""
    told = directions(page, table)
    values = keys(page, table, column)
    only = [None] * column + [direction] + [None] * (len(told) - column - 1)
    return told == only and values == in_order(page, values, direction == "descending")


def test_tables_sort_by_click(page):
    tables = page.eval_on_selector_all("table.sortable", "(all) => all.map((each) => each.id)")
    assert "run-table" in tables
    for table in tables:
        reversed_columns = 0
        for column in range(len(directions(page, table))):
            before = keys(page, table, column)
            button = page.locator(f"#{table} thead button").nth(column)
            button.click()
            assert sorted_by(page, table, column, "ascending"), (table, column)
            up = keys(page, table, column)
            button.click()
            assert sorted_by(page, table, column, "descending"), (table, column)
            down = keys(page, table, column)
            assert sorted(before) == sorted(up) == sorted(down)
            reversed_columns += up != down
        assert reversed_columns > 3, table


def test_tables_sort_by_keyboard_and_say_so(page):
    page.locator("#run-table thead button").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    heading = page.locator("#run-table thead th").nth(2).inner_text().split("\n")[0].strip()
    page.keyboard.press("Enter")
    assert sorted_by(page, "run-table", 2, "ascending")
    assert page.locator("#sorted").inner_text() == f"Sorted by {heading}, ascending"
    up = keys(page, "run-table", 2)
    page.keyboard.press("Space")
    assert sorted_by(page, "run-table", 2, "descending")
    assert page.locator("#sorted").inner_text() == f"Sorted by {heading}, descending"
    assert keys(page, "run-table", 2) != up


IN_SIGHT = """(id) => {
    const target = document.getElementById(id), box = target.getBoundingClientRect();
    return !target.closest("details:not([open])") && target.checkVisibility() && box.top >= 0 && box.top < innerHeight;
}"""


def test_a_link_to_a_folded_part_opens_it(browser, report, page):
    folded = page.eval_on_selector_all(
        "details[id], details [id]",
        "(all) => all.filter((each) => !each.closest('details').open).map((each) => each.id)",
    )
    assert len(folded) > 17
    for name in folded:
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = false; })")
        page.evaluate("location.hash = ''; scrollTo(0, 0)")
        page.evaluate("(name) => { location.hash = name; }", name)
        page.wait_for_function(IN_SIGHT, arg=name, timeout=5000)
    with opened(browser, report / "index.html", fragment=f"#{folded[0]}") as fresh:
        fresh.wait_for_function(IN_SIGHT, arg=folded[0], timeout=5000)


def cells(page, table: str) -> list[list[str]]:
    return page.eval_on_selector_all(
        f"#{table} tbody tr", "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent.trim()))"
    )


def numbers(quantity: dict) -> list[str]:
    """Published, as published, the method on a null, repaired, null and ours, as the page writes them."""
    defect, null, ours = quantity["defect"], quantity["null"], quantity["ours"]
    return [
        *(short(quantity[name]) for name in ("published", "as_published")),
        interval(defect["mean"], defect["low"], defect["high"]),
        short(quantity["repaired"]),
        interval(null["mean"], null["low"], null["high"]),
        interval(ours["value"], ours["low"], ours["high"]),
    ]


def test_the_numbers_of_the_ledger_are_those_of_the_json(report, page):
    claims = json.loads((report / "integrated_report.json").read_text(encoding="utf-8"))["claims"]
    for claim, lines in zip(claims, page.eval_on_selector_all("#ledger-table tbody", LINES), strict=True):
        told = cells(page, f"table-{claim['id']}")
        assert [each[1:7] for each in told] == [numbers(quantity) for quantity in claim["quantities"]]
        row = lines[0]
        assert row[0].startswith(claim["id"]) and tuple(row[1:3]) == words_of(claim)
        # What stands beside the words is what the rule looks at, and nothing else.
        deciding = [each for each in claim["quantities"] if each["quantity"] in claim["decided_by"]]
        assert [each[-3:] for each in lines] == [numbers(each)[3:] for each in deciding or claim["quantities"][:1]]
