"""Write the integrated report: the whole study as one JSON document, checked against its schema, and as Markdown."""

import argparse
import json
from pathlib import Path

import pandas as pd
import yaml

from common.arguments import to_path, whole
from common.files import read_json, read_parquet, readable_errors, write_json, write_page
from common.runs import run_folder, run_folders
from repdyn.errors import StudyError
from repdyn.report.integrated import document, markdown

STAGES = {"training": "provenance.json", "phase2": "phase2_provenance.json"}
ORIGIN = ("commit", "config_digest", "versions", "python", "machine")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=to_path, required=True, help="folder of all runs")
    parser.add_argument("--sheet", type=to_path, required=True, help="sample sheet, config/experiments.tsv")
    parser.add_argument("--seeds", type=whole(1), required=True)
    parser.add_argument("--claims", type=to_path, required=True, help="config/claims.yaml")
    parser.add_argument("--schema", type=to_path, required=True, help="schema of the document, YAML")
    parser.add_argument("--experiments", type=to_path, required=True, help="table of runs")
    parser.add_argument("--tables", type=to_path, nargs="*", default=[], help="other tables of the study")
    parser.add_argument("--types", type=to_path, help="jump_types.json")
    parser.add_argument("--json", type=to_path, required=True, help="document to write")
    parser.add_argument("--markdown", type=to_path, required=True, help="Markdown to write")
    arguments = parser.parse_args()
    report = made(arguments)
    check(report, yaml.safe_load(arguments.schema.read_text(encoding="utf-8")), arguments.json)
    write_json(arguments.json, report)
    write_page(arguments.markdown, markdown(report))
    print("\n".join([*report["summary"], *report["metadata"]["missing"]]))


def made(arguments: argparse.Namespace) -> dict:
    """The content of the document."""
    experiments = read_parquet(arguments.experiments)
    return document(
        experiments,
        {path.stem: read_parquet(path) for path in arguments.tables},
        read_json(arguments.types) if arguments.types else None,
        yaml.safe_load(arguments.claims.read_text(encoding="utf-8")),
        origins(arguments.runs, experiments),
        planned(arguments.runs, arguments.sheet, arguments.seeds),
    )


def origins(root: Path, experiments: pd.DataFrame) -> list[dict]:
    """Where each stage of each run came from, without clock readings; stages without a record are left out."""
    records = []
    for run in experiments.itertuples():
        for stage, name in STAGES.items():
            path = run_folder(root, run.experiment, run.seed) / name
            if path.exists():
                record = read_json(path)
                about = {"experiment": run.experiment, "seed": run.seed, "stage": stage}
                records.append(about | {key: record[key] for key in ORIGIN})
    return records


def planned(root: Path, sheet: Path, seeds: int) -> list[tuple[str, int]]:
    """(experiment, seed) of every run that the configuration asks for."""
    return [(folder.parent.name, int(folder.name.removeprefix("seed"))) for folder in run_folders(root, sheet, seeds)]


def check(report: dict, schema: dict, path: Path) -> None:
    """Raise StudyError for the first place where the document does not fit its schema."""
    from jsonschema import Draft202012Validator

    error = next(Draft202012Validator(schema).iter_errors(report), None)
    if error is not None:
        place = ".".join(map(str, error.absolute_path)) or "the top"
        found = error.message if len(error.message) < 300 else f"{error.message[:300]} ..."
        wanted = json.dumps({error.validator: error.validator_value})
        raise StudyError(f"{path} was not written: at {place}, {found}. The schema asks for {wanted[:300]} there.")


if __name__ == "__main__":
    with readable_errors():
        main()
