"""How often the rule of each claim gives a wrong or no word, in studies drawn with a known truth."""

import argparse

import pandas as pd
import yaml

from common.arguments import to_path, whole
from common.files import read_parquet, readable_errors, write_parquet
from repdyn.audit.seed_agreement import subsets
from repdyn.audit.verdict_errors import SEEDS, verdict_errors


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--terms", type=to_path, required=True, help="claim_terms.parquet")
    parser.add_argument("--claims", type=to_path, required=True)
    parser.add_argument("--seeds", type=whole(1), required=True)
    parser.add_argument("--metrics", nargs="+", required=True)
    parser.add_argument("--errors", type=to_path, required=True, help="table to write")
    arguments = parser.parse_args()
    claims = yaml.safe_load(arguments.claims.read_text(encoding="utf-8"))["claims"]
    terms = read_parquet(arguments.terms)
    # Of parts of the seeds too, which are looked at beside all of them.
    designs = (*SEEDS, *map(len, subsets(arguments.seeds)))
    tables = [
        verdict_errors(terms[terms["metric"] == metric], claims, arguments.seeds, designs=designs).assign(metric=metric)
        for metric in arguments.metrics
    ]
    write_parquet(arguments.errors, pd.concat(tables, ignore_index=True))
    decided = tables[0][(tables[0]["seeds"] == arguments.seeds) & (tables[0]["truth"] == "as published")]
    print(f"{arguments.metrics[0]}: {decided['decides'].sum()} of {len(decided)} claims and parts can be decided")


if __name__ == "__main__":
    with readable_errors():
        main()
