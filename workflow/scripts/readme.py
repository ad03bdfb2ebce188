"""Write the part of README.md that says what the study found, its figure, and the tables that both rest on."""

import argparse

from common.arguments import to_path
from common.csv_tables import write_csv
from common.files import atomic, read_json, read_parquet, readable_errors, write_json
from repdyn.figures.main_result import main_result, to_small_png_bytes
from repdyn.report.readme import extract, replaced, section


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=to_path, required=True, help="integrated_report.json")
    parser.add_argument(
        "--readme", type=to_path, required=True, help="README.md; what lies between its markers is replaced"
    )
    parser.add_argument("--tables", type=to_path, nargs="+", required=True, help="of the study, kept as CSV")
    parser.add_argument("--folder", type=to_path, required=True, help="folder for verdicts.json, jumps.png, tables")
    arguments = parser.parse_args()
    found = extract(read_json(arguments.report))
    text = replaced(arguments.readme.read_text(encoding="utf-8"), section(found), str(arguments.readme))
    write_json(arguments.folder / "verdicts.json", found)
    for path in arguments.tables:
        write_csv(arguments.folder / f"{path.stem}.csv", read_parquet(path))
    with atomic(arguments.folder / "jumps.png") as temporary:
        temporary.write_bytes(to_small_png_bytes(main_result(found["jumps"])))
    with atomic(arguments.readme) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(section(found))


if __name__ == "__main__":
    with readable_errors():
        main()
