"""Every quantity of a claim has words of its own, which are no name of a column."""

import csv
from pathlib import Path

import yaml

from repdyn.wording.claim_quantities import known_name, quantity_name

ROOT = Path(__file__).parents[3]


def _quantities() -> set[tuple[str, str]]:
    """(claim, quantity) of the published ledger and of the rules."""
    with (ROOT / "data/published/ledger.csv").open() as file:
        found = {(row["claim"], row["quantity"]) for row in csv.DictReader(file)}
    for claim in yaml.safe_load((ROOT / "config/claims.yaml").read_text())["claims"]:
        rule = claim["verdict"]
        told = [rule.get("quantity"), *(each["quantity"] for each in rule.get("conditions", ()))]
        found |= {(claim["id"], quantity) for quantity in [*claim["published"], *told] if quantity}
    return found


def test_every_quantity_of_every_claim_has_words():
    pairs = _quantities()
    assert len(pairs) > 100 and len({claim for claim, _ in pairs}) == 17
    assert [pair for pair in sorted(pairs) if known_name(*pair) is None] == []
    assert not any("_" in quantity_name(*pair) for pair in pairs)


def test_two_quantities_of_a_claim_never_read_alike():
    names = [(claim, quantity_name(claim, quantity)) for claim, quantity in _quantities()]
    assert len(names) == len(set(names))


def test_words_say_which_family_and_which_detector():
    assert quantity_name("C04", "early_percent_cnn_detected") == "early jumps, %, CNNs, by our detector"
    assert quantity_name("C07", "mean_mlp") == "mean coordination, MLPs"
    assert quantity_name("C08", "mean") != quantity_name("C07", "mean")
    assert quantity_name("C99", "my_own_mean") == "my own mean"
