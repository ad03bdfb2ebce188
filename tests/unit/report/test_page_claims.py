"""The claims on the page: their words and numbers, how often the rules err, what seeds say."""

import re

from helpers.html_reader import Reader
from helpers.integrated_cases import CLAIMS, seed_agreement, verdict_errors
from helpers.page_cases import evidence, page_of, study, texts


def test_claims_show_every_column_and_their_verdict():
    page = Reader(page_of(study(), evidence=evidence()))
    (first,) = texts(page.tables["table-C01"])[1:]
    assert first == ["runs (decides)", "55", "55", "54.5 (53 to 55)", "7", "n/a", "3 (1 to 5)", ""]
    total, share = texts(page.tables["table-C02"])[1:]
    assert total[1:] == ["2,991", "2,991", "n/a", "7,025", "7,000 (6,800 to 7,200)", "300 (250 to 350)", "surrogates"]
    assert share[1:] == ["n/a", "0.5", "n/a", "0.25", "0.2", "0.125 (0.1 to 0.15)", "a note"]
    words = page.words()
    assert "C01 stable. Published evidence: artefact. In our runs: early: holds; late: undecided" in words
    assert "Published evidence: Constant." in words and "Our runs: Above." in words
    assert (
        "Of 2 published claims, the published evidence: stands 1, artefact 1, not derivable 0. The claim, in our runs:"
        in words
    )


def test_how_often_the_rules_err_is_shown_beside_the_claims():
    ours, published = verdict_errors(), verdict_errors()[1:3].assign(seeds=1)
    tables = {"verdict_errors": ours, "published_errors": published}
    page = Reader(page_of(study(), evidence=evidence() | tables))
    head, decided, nothing = texts(page.tables["error-table"])
    truths = ["as published", "half", "false", "reversed"]
    assert head == ["Claim", "Seeds", *truths, "Wrong", "Coverage", "Jumps", "Can decide"]
    assert decided == ["C03 early", "5", "95 / 0 / 5", "2 / 3 / 95", "n/a", "n/a", "5", "94", "125", "yes"]
    assert nothing == ["C10", "5", "n/a", "n/a", "n/a", "n/a", "n/a", "n/a", "0", "no (nothing to draw from)"]
    evidence_head, half, _ = texts(page.tables["published-error-table"])
    assert evidence_head == head and half[:5] == ["C03 early", "1", "n/a", "2 / 3 / 95", "n/a"]


def test_the_published_study_is_named_and_its_defects_are_defined():
    page = page_of(study(), evidence=evidence(), declared=CLAIMS)
    words = Reader(page).words()
    assert "Neural dimensionality tracking (NDT), 2025" in words and CLAIMS["source"]["commit"][:12] in words
    assert all(" ".join(text.split()) in words for text in CLAIMS["defects"].values())
    used = set(re.findall(r"\bD\d\d\b", re.sub(r"<style.*?</style>|<script.*?</script>", "", page, flags=re.DOTALL)))
    assert used == set(re.findall(r'id="(D\d\d)"', page)) and "#D05" in re.findall(r'href="([^"]+)"', page)


def test_several_seeds_stand_beside_the_claims():
    page = Reader(page_of(study(), evidence=evidence() | {"seed_agreement": seed_agreement()}))
    rows = {cells[0]: cells[1:] for cells in texts(page.tables["seed-table"])}
    assert rows["C01"] == ["does not hold", "3 of 3", "3 of 3", "yes"]
    assert rows["C02"] == ["does not hold", "0 of 3, 3 the opposite", "3 of 3", "no"]
    assert "seed-table" not in Reader(page_of(study(), evidence=evidence())).tables


def test_the_ledger_has_a_row_a_claim_that_leads_to_all_its_quantities():
    tables = evidence()
    page = page_of(study(), evidence=tables)
    head, *rows = texts(Reader(page).tables["ledger-table"])
    assert head == ["Claim", "Published evidence", "In our runs", "Quantity", "Published", "Repaired", "Null", "Ours"]
    assert rows[0] == ["C01stable", "artefact", "early: holds; late: undecided", "runs", "55", "7", "n/a", "3 (1 to 5)"]
    # Both quantities of its rule, each in a row of its own.
    assert rows[1][1:] == ["stands", "holds", "jumps", "2,991", "7,025", "7,000 (6,800 to 7,200)", "300 (250 to 350)"]
    assert rows[2] == ["share", "n/a", "0.25", "0.2", "0.125 (0.1 to 0.15)"]
    assert re.findall(r'data-claim="(\w+)" data-verdict="(\w+)"', page) == [("C01", "undecided"), ("C02", "holds")]
    assert re.findall(r"<option[^>]*>(\w+)</option>", page) == ["all", "holds", "undecided"]
    assert page.count('href="#C01"') == 1 and "2 of 2 claims" in page
