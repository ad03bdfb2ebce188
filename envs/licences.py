"""Write licences.tsv: the licence of every package of requirements.txt, as its installed distribution states it."""

from importlib.metadata import Distribution, distribution
from pathlib import Path

HERE = Path(__file__).parent
# Longer ones are the text of the licence, not its name.
NAME = 60
HEADS = ("LICENSE", "LICENCE", "COPYING")


def table() -> str:
    """A row of tab-separated values for each pinned package: name, version, licence."""
    lines = (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.removesuffix(" \\").split("==") for line in lines if "==" in line]
    rows = [
        ("package", "version", "licence"),
        *((name, version, licence(distribution(name))) for name, version in pins),
    ]
    return "".join("\t".join(row) + "\n" for row in rows)


def licence(package: Distribution) -> str:
    """Its SPDX expression; without one its classifiers, its licence field if that is a name, or its licence file's head."""
    expression = package.metadata.get("License-Expression")
    if expression:
        return expression
    classifiers = package.metadata.get_all("Classifier") or []
    named = [each.split(" :: ")[-1] for each in classifiers if each.startswith("License :: ")]
    if named:
        return "; ".join(named)
    field = (package.metadata.get("License") or "").strip()
    if field and len(field) <= NAME and "\n" not in field:
        return field
    files = sorted(
        str(path) for path in package.files or [] if path.name.upper().startswith(("LICENSE", "LICENCE", "COPYING"))
    )
    for path in files:
        lines = [line.strip() for line in Path(package.locate_file(path)).read_text(encoding="utf-8").splitlines()]
        return next(filter(None, lines), "not stated")[:NAME]
    return "not stated"


if __name__ == "__main__":
    (HERE / "licences.tsv").write_text(table(), encoding="utf-8")
