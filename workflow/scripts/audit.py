"""Recompute the published claims from the published logs; write the derived tables, print the ledger."""

import argparse

import yaml

from audit_logs import read_checkpoints, read_logs
from common.arguments import between, to_path
from common.csv_tables import write_csv
from common.files import readable_errors, sha256, write_json
from repdyn.audit.checkpoints import filter_cosines
from repdyn.audit.ledger import audit, published_series, terminal
from repdyn.audit.published_logs import read_checksums


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=to_path, required=True, help="the published logs, complete")
    parser.add_argument("--claims", type=to_path, required=True)
    parser.add_argument("--checksums", type=to_path, required=True)
    parser.add_argument("--checkpoints", type=to_path, required=True, help="SHA-256 of the checkpoints")
    parser.add_argument("--level", type=between(0, 0.5), required=True, help="of the jump detector")
    parser.add_argument("--out", type=to_path, required=True, help="folder of the derived tables")
    arguments = parser.parse_args()
    claims = yaml.safe_load(arguments.claims.read_text(encoding="utf-8"))
    logs = read_logs(arguments.folder, read_checksums(arguments.checksums.read_text(encoding="utf-8")))
    weights = read_checkpoints(arguments.folder, read_checksums(arguments.checkpoints.read_text(encoding="utf-8")))
    table, errors = audit(logs, claims, arguments.level, filter_cosines(weights))
    write_csv(arguments.out / "ledger.csv", table)
    write_csv(arguments.out / "verdict_errors.csv", errors)
    write_csv(arguments.out / "series.csv", published_series(logs))
    source = {key: claims["source"][key] for key in ("repository", "commit", "folder")}
    source |= {"checksums": arguments.checksums.as_posix(), "checksums_sha256": sha256(arguments.checksums)}
    write_json(arguments.out / "source.json", {**source, "logs": len(logs)})
    print(terminal(table, claims))


if __name__ == "__main__":
    with readable_errors():
        main()
