"""The index as a reader uses it: story first, claims lead on, choices stand in the address, paper holds everything."""

import csv
import io
import json
import re
from base64 import b64decode

import pytest

from helpers.chromium import opened, tab
from repdyn.figures.registry import STUDY, figures_of
from repdyn.report.glossary import WORDS


@pytest.fixture
def page(browser, report):
    with opened(browser, report / "index.html") as page:
        yield page


def content_of(link: str) -> str:
    """The file in a link that holds one."""
    return b64decode(link.partition(";base64,")[2]).decode()


def test_the_story_and_the_defect_come_first_and_the_page_goes_by_question(page):
    order = page.eval_on_selector_all("main h2", "(all) => all.map((each) => each.id)")
    assert order[:6] == ["about-published", "claims", "about-order", "about-jumps", "about-learning", "about-findings"]
    top = page.evaluate("document.getElementById('story').getBoundingClientRect()")
    assert top["top"] > 0 and top["bottom"] <= 800, "the story does not fit the first screen"
    assert 1 <= page.locator("#story li").count() <= 5


def test_every_figure_stands_under_a_sentence_and_offers_its_data(page):
    told = page.eval_on_selector_all(
        "main figure:not(#forest)",
        """(all) => all.map((each) => [each.id, each.querySelector("figcaption").firstElementChild.matches("h3"),
            each.querySelector("h3").textContent, each.querySelectorAll("figcaption a").length])""",
    )
    assert [name for name, *_ in told] == list(STUDY)
    for name, first, title, files in told:
        assert first and title.endswith(".") and files, name


def test_every_claim_leads_to_its_figures_data_rule_and_code(page, report):
    claims = json.loads((report / "integrated_report.json").read_text(encoding="utf-8"))["claims"]
    for claim in claims:
        links = page.eval_on_selector_all(
            f"#{claim['id']} .leads a", "(all) => all.map((each) => [each.getAttribute('href'), each.download])"
        )
        inside = [link[1:] for link, _ in links if link.startswith("#")]
        assert inside == figures_of(claim["id"]) != [], claim["id"]
        data, code = (content_of(link) for link, name in links if name)
        rows = list(csv.DictReader(io.StringIO(data)))
        assert [row["quantity"] for row in rows] == [each["quantity"] for each in claim["quantities"]]
        assert code.startswith('"""' + claim["id"])
        assert f"rule: {claim['rule']['rule']}" in page.locator(f"#{claim['id']} pre").text_content()
        marked = page.locator(f"#table-{claim['id']} tr.decides").count()
        assert marked == len([row for row in rows if row["decides"] == "True"])


def test_the_table_the_json_and_the_csv_say_the_same_of_the_jumps(page, report):
    """One page, one number: of the candidates, the jumps, and the share of early ones."""
    document = json.loads((report / "integrated_report.json").read_text(encoding="utf-8"))
    out = {(run["experiment"], run["seed"]) for run in document["metadata"]["excluded"]}
    learned = [run for run in document["experiments"] if (run["experiment"], run["seed"]) not in out]
    for name in ("candidates", "jumps"):
        total = sum(run[name] or 0 for run in learned)
        heads = page.eval_on_selector_all("#family-table thead th", "(all) => all.map((each) => each.textContent)")
        column = heads.index(name.capitalize())
        cells = page.eval_on_selector_all(
            "#family-table tbody tr", "(all, at) => all.map((row) => row.cells[at].textContent)", column
        )
        assert sum(int(cell.replace(",", "")) for cell in cells) == total
    assert not [row for row in document["statistics"] if "early" in row["statistic"]]
    # A mean of the names of classes means nothing.
    measured = page.eval_on_selector_all("[id^=measurement-table]", "(all) => all.map((each) => each.textContent)")
    assert measured and not any("preferred class" in text for text in measured)


def test_words_are_explained_under_the_pointer_and_in_the_glossary(page):
    told = page.eval_on_selector_all("dfn", "(all) => all.map((each) => [each.textContent.toLowerCase(), each.title])")
    assert len(told) > 5 and len({meaning for _, meaning in told}) == len(told)
    assert all(meaning in WORDS.values() for _, meaning in told)
    listed = page.eval_on_selector_all("#glossary + dl dt", "(all) => all.map((each) => each.textContent)")
    assert sorted(listed) == sorted(WORDS)


def test_at_most_forty_stops_lead_to_the_first_question(page):
    stops = page.evaluate(
        """() => {
            const first = document.getElementById("about-order");
            return [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')]
                .filter((each) => each.checkVisibility())
                .filter((each) => each.compareDocumentPosition(first) & Node.DOCUMENT_POSITION_FOLLOWING).length;
        }"""
    )
    assert stops <= 40


def test_the_contents_say_where_one_is(page):
    page.evaluate("document.getElementById('about-learning').scrollIntoView()")
    page.wait_for_function("document.querySelector('nav a[aria-current]').hash === '#about-learning'", timeout=5000)
    assert page.locator("nav").bounding_box()["y"] <= 0 < page.locator("nav a[aria-current]").bounding_box()["y"]


def test_what_is_sorted_and_filtered_stands_in_the_address(browser, report, page):
    page.fill("#claim-filter", "c1")
    page.select_option("#verdict-filter", index=1)
    page.locator("#run-table thead button").nth(2).click()
    page.fill("[data-filters=run-table]", "cnn")
    status = page.locator("#claims-shown").inner_text()
    first = page.locator("#run-table tbody tr").first.inner_text()
    address = page.url
    assert (
        "find=c1" in address and "holds=" in address and "sort=run-table.2.up" in address and "run-table=cnn" in address
    )
    with tab(browser) as fresh:
        fresh.goto(address)
        assert fresh.locator("#claims-shown").inner_text() == status
        assert fresh.locator("#run-table tbody tr").first.inner_text() == first
        assert fresh.locator("#run-table thead th").nth(2).get_attribute("aria-sort") == "ascending"
        hidden = fresh.eval_on_selector_all("#run-table tbody tr", "(all) => all.filter((each) => each.hidden).length")
        assert hidden > 0
        fresh.fill("#claim-filter", "")
        assert "find=" not in fresh.url
    with opened(browser, report / "index.html", "?sort=nothing.9.up&holds=%22%3E&runs=%3Cb%3E") as odd:
        assert odd.locator("#claims-shown").inner_text().startswith("17 of 17")


def test_from_a_run_to_the_next_in_the_order_of_the_table(page):
    page.fill("[data-filters=run-table]", "mlp")
    page.locator("#run-table thead button").first.click()
    page.locator("#run-table thead button").first.click()
    shown = page.eval_on_selector_all(
        "#run-table tbody tr:not([hidden]) a", "(all) => all.map((each) => each.textContent.trim())"
    )
    page.locator("#run-table tbody tr:not([hidden]) a").first.click()
    assert (
        page.locator("h1").inner_text().startswith(shown[0]) and page.get_by_role("link", name="Previous:").count() == 0
    )
    page.get_by_role("link", name="Next:").click()
    page.wait_for_function("(name) => document.querySelector('h1').textContent.startsWith(name)", arg=shown[1])
    page.get_by_role("link", name="Previous:").click()
    page.wait_for_function("(name) => document.querySelector('h1').textContent.startsWith(name)", arg=shown[0])


def values(page) -> dict[str, str]:
    return dict(
        page.eval_on_selector_all(
            "#explorer-table tbody tr",
            "(all) => all.map((row) => [...row.cells].map((cell) => cell.textContent.replace(/ \\(diverged.*/, '').trim()))",
        )
    )


def test_runs_can_be_laid_over_one_another(browser, page):
    names = page.eval_on_selector_all(
        "#explorer-runs select:first-of-type option", "(all) => all.map((each) => each.value)"
    )
    pickers = page.locator("#explorer-runs select")
    names = [name for name in names if name][:3]
    for place, name in enumerate(names):
        pickers.nth(place).select_option(name)
    assert page.locator("#explorer-plot path").count() == 3 and list(values(page)) == names
    page.select_option("#explorer-quantity", "accuracy")
    at_the_end = values(page)
    data = json.loads(page.locator("#curves").text_content())
    for name, value in at_the_end.items():
        run = next(run for run in data["runs"] if run["name"] == name)
        assert float(value) == pytest.approx(run["accuracy"][-1], rel=0.01)
    plot = page.locator("#explorer-plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + box["height"] / 2)
    early = page.locator("#explorer-step").inner_text()
    assert early.startswith("probe accuracy, step ") and values(page) != at_the_end
    plot.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#explorer-step").inner_text() != early
    with tab(browser) as fresh:
        fresh.goto(page.url)
        assert list(values(fresh)) == names and fresh.input_value("#explorer-quantity") == "accuracy"


def test_without_a_script_everything_can_be_read(browser, report):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((report / "index.html").as_uri())
    assert page.locator("#explorer").is_hidden() and page.locator("#ledger-table tbody").count() == 17
    assert page.locator("main figure").count() == len(STUDY) + 1
    context.close()


def test_on_a_phone_a_claim_and_our_number_are_seen_together(browser, report):
    with opened(browser, report / "index.html", width=390) as page:
        boxes = page.eval_on_selector_all(
            "#ledger-table tbody",
            """(all) => all.map((each) => [...each.querySelectorAll("th, [data-label=Ours]")].map((cell) => {
                const box = cell.getBoundingClientRect();
                return [box.left, box.right, box.top, box.bottom];
            }))""",
        )
        assert len(boxes) == 17
        for cells in boxes:
            assert len(cells) >= 2 and all(left >= 0 and right <= 390 for left, right, _, _ in cells)
            assert cells[1][3] - cells[0][2] < 400


def test_a_phone_shows_where_the_four_answers_begin_before_anybody_scrolls(browser, report):
    with opened(browser, report / "index.html", width=390) as page:
        points = page.eval_on_selector_all(
            "#story li",
            "(all) => all.map((each) => [each.firstElementChild.textContent, each.getBoundingClientRect().top])",
        )
    assert [about for about, _ in points] == ["Claimed:", "What is wrong:", "What holds:", "How sure:", "What we see:"]
    assert points[3][1] < 800


def test_paper_holds_everything_and_cuts_nothing_off(browser, report):
    with tab(browser, width=700) as page:
        page.emulate_media(media="print")
        page.goto((report / "index.html").as_uri())
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details:not([open])").count() == 0
        assert page.locator("nav").is_hidden() and page.locator("#explorer").is_hidden()
        wide = page.evaluate(
            """() => [...document.querySelectorAll("main table, main img, main svg")]
                .filter((each) => each.checkVisibility() && each.getBoundingClientRect().right > innerWidth + 1)
                .map((each) => each.outerHTML.slice(0, 80))"""
        )
        assert wide == []
        # The head of a table stands on each of its pages only as such, and a button in it keeps Chromium from repeating it.
        heads = page.eval_on_selector_all(
            "thead, thead button", "(all) => [...new Set(all.map((each) => getComputedStyle(each).display))]"
        )
        assert sorted(heads) == ["contents", "table-header-group"]
        held = page.eval_on_selector_all(
            "h2, h3, h4, summary, p:has(+ pre)",
            "(all) => [...new Set(all.map((each) => getComputedStyle(each).breakAfter))]",
        )
        assert held == ["avoid"]
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("details:not([open])").count() > 10


# Of a PDF's outline: the number of the page's object, and how far above its lower edge the heading begins, in points.
HEADING = re.compile(rb"/Dest \[(\d+) 0 R /XYZ [\d.]+ ([\d.]+) 0\]")
MARGIN, TWO_LINES = 14 / 25.4 * 72, 36


@pytest.mark.parametrize("name", ["index.html", "toolkit/causes.html", "runs/mlp_*.html"])
def test_on_paper_every_heading_has_lines_below_it_and_what_is_folded_is_there(browser, report, name):
    path = next(iter(sorted(report.glob(name))))
    with opened(browser, path) as page:
        headings = page.locator("h1, h2, h3, h4").count()
        folded = page.evaluate(
            "[...document.querySelectorAll('details h3, details h4')].filter((each) => !each.checkVisibility()).length"
        )
        hidden = page.locator("#explore").count()
        content = page.pdf(format="A4", tagged=True, outline=True)
    assert content[:5] == b"%PDF-"
    places = [(int(sheet), float(height)) for sheet, height in HEADING.findall(content)]
    assert len(places) == headings - hidden and (name != "index.html" or folded)
    assert len({sheet for sheet, _ in places}) > 1
    assert min(height for _, height in places) > MARGIN + TWO_LINES
