"""Tables and code as files inside the page: a link that a browser saves, without a network and without a script."""

from base64 import b64encode
from importlib.resources import files
from typing import NamedTuple

import pandas as pd

from repdyn.figures.registry import STUDY, figures_of

LARGEST = 120_000  # bytes of a table inside the page; larger ones are linked where they lie


class Download(NamedTuple):
    """label: what the link is called; link: where it leads; name: of the file that is saved, "" where it is opened."""

    label: str
    link: str
    name: str = ""


def inside(name: str, text: str, kind: str) -> Download:
    """A file of text as a link that holds it."""
    return Download(name, f"data:{kind};charset=utf-8;base64,{b64encode(text.encode()).decode()}", name)


def as_csv(table: pd.DataFrame | dict) -> str:
    """A table as CSV, "" for what is none; of a dictionary its sections that are lists, one after the other under a column
    that names them."""
    if isinstance(table, dict):
        parts = [
            pd.DataFrame(rows).assign(section=name) for name, rows in table.items() if rows and isinstance(rows, list)
        ]
        if not parts:
            return ""
        table = pd.concat(parts, ignore_index=True)
        table.insert(0, "section", table.pop("section"))
    return "" if table.empty else table.to_csv(index=False, lineterminator="\n")


def of_figure(name: str, tables: dict) -> list[Download]:
    """The data that a figure is drawn from: as CSV where it is small, else the file of the study.

    tables: by the names of their files without suffix, as far as the page has them.
    """
    figure, found = STUDY[name], []
    for file in figure.offers or ((figure.data,) if figure.data else figure.tables):
        stem = file.partition(".")[0]
        text = as_csv(tables.get(stem, {}))
        if 0 < len(text) <= LARGEST:
            found.append(inside(f"{stem}.csv", text, "text/csv"))
        elif not file.endswith(".csv"):
            found.append(Download(f"study/{file}", f"../study/{file}"))
    return found


def of_claim(claim: str, ledger: pd.DataFrame, declared: dict) -> dict:
    """Where a claim leads on: its figures, data, rule and code. declared: config/claims.yaml."""
    entry = next((each for each in declared.get("claims", ()) if each["id"] == claim), {})
    module = claim.lower()
    source = files("repdyn.audit.claims").joinpath(f"{module}.py").read_text(encoding="utf-8")
    return {
        "figures": figures_of(claim),
        "data": inside(f"{claim}.csv", as_csv(ledger[ledger["claim"] == claim]), "text/csv"),
        "rule": written(entry["verdict"]) if entry else "",
        "code": inside(f"{module}.py", source, "text/x-python"),
        "path": f"workflow/repdyn/audit/claims/{module}.py",
    }


def written(rule: dict) -> str:
    """The rule of a claim as it stands in config/claims.yaml: a condition a line."""
    lines = []
    for key, value in rule.items():
        if isinstance(value, list):
            lines += [f"{key}:", *(f"  - {{{', '.join(f'{name}: {each[name]}' for name in each)}}}" for each in value)]
        else:
            lines.append(f"{key}: {value}")
    return "\n".join(lines)
