"""The ledger of all claims: published, recomputed, repaired, null and our own runs, with two words each."""

import argparse

import pandas as pd
import yaml

from common.arguments import to_path, whole
from common.csv_tables import read_errors
from common.files import read_json, read_parquet, readable_errors, require_held, write_json, write_parquet
from repdyn.audit.ledger import terminal, with_ours
from repdyn.audit.seed_agreement import COLUMNS, summarise

TOLD = ["title", "evidence", "holds", "parts", "evidence_reason", "reason"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=to_path, required=True, help="claim_numbers.parquet")
    parser.add_argument("--counts", type=to_path, required=True, help="claim_runs.json")
    parser.add_argument("--errors", type=to_path, required=True, help="verdict_errors.parquet")
    parser.add_argument("--seeds", type=whole(1), required=True)
    parser.add_argument("--audited", type=to_path, required=True, help="ledger.csv as written by audit.py")
    parser.add_argument("--published-errors", type=to_path, required=True, help="verdict_errors.csv, likewise")
    parser.add_argument("--claims", type=to_path, required=True)
    parser.add_argument("--ledger", type=to_path, required=True, help="table to write")
    parser.add_argument("--by-seeds", type=to_path, required=True, help="claim_numbers_by_seeds.parquet")
    parser.add_argument("--agreement", type=to_path, required=True, help="table to write: words of parts of the seeds")
    parser.add_argument("--verdicts", type=to_path, required=True, help="JSON to write")
    arguments = parser.parse_args()
    claims = yaml.safe_load(arguments.claims.read_text(encoding="utf-8"))
    audited, published = pd.read_csv(arguments.audited), read_errors(arguments.published_errors)
    numbers = read_parquet(arguments.numbers, held=("claim", "quantity", "metric"))
    errors = read_parquet(arguments.errors, held=("claim", "truth", "metric", "seeds"))
    counts = read_json(arguments.counts)
    require_held(arguments.counts, counts, sorted(numbers["metric"].unique()))
    ledgers, verdicts = {}, {}
    for metric, counted in counts.items():
        own = errors[(errors["metric"] == metric) & (errors["seeds"] == arguments.seeds)]
        found = numbers[numbers["metric"] == metric].drop(columns="metric")
        ledgers[metric] = with_ours(audited, found, claims, own, published)
        told = ledgers[metric].drop_duplicates("claim").set_index("claim")[TOLD]
        verdicts[metric] = {**counted, "claims": told.to_dict("index")}
    headline = next(iter(counts))
    words = [pd.DataFrame(columns=COLUMNS)]
    for seeds, found in read_parquet(arguments.by_seeds, held=("claim", "metric", "seeds")).groupby(
        "seeds", sort=False
    ):
        number = len(seeds.split())
        own = errors[(errors["metric"] == headline) & (errors["seeds"] == number)]
        told = with_ours(audited, found.drop(columns=["metric", "seeds"]), claims, own, published)
        words.append(told.drop_duplicates("claim").assign(seeds=seeds, number=number)[COLUMNS])
    every = {claim: told["holds"] for claim, told in verdicts[headline]["claims"].items()}
    write_parquet(arguments.agreement, summarise(pd.concat(words, ignore_index=True), every))
    write_parquet(arguments.ledger, ledgers[headline])
    write_json(arguments.verdicts, {"metric": headline, **verdicts[headline], "metrics": verdicts})
    print(f"{headline}; {counts[headline]['runs']} runs\n{terminal(ledgers[headline], claims)}")


if __name__ == "__main__":
    with readable_errors():
        main()
