"""The whole study as one document: what every table says, as plain data for programs and as Markdown for people."""

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from repdyn.audit.bounds import TRUTHS
from repdyn.audit.deciding import decided_by
from repdyn.errors import StudyError
from repdyn.figures.registry import STUDY, figures_of
from repdyn.measures import MODULES
from repdyn.report.evidence import (
    MEANINGS,
    both_words,
    detector_rows,
    error_rows,
    of_metric,
    seed_rows,
    statistic_rows,
    verdict_counts,
)
from repdyn.report.findings import HEADINGS as FINDING_HEADINGS
from repdyn.report.findings import finding_rows, finding_summary
from repdyn.report.html import templates
from repdyn.report.mechanisms import hypothesis_rows, window_summary
from repdyn.report.quantities import described
from repdyn.report.story import story, study_of
from repdyn.report.units import unit_of
from repdyn.study.exclusion import DIVERGED, excluded_runs, why_excluded
from repdyn.wording.claim_quantities import quantity_name
from repdyn.wording.names import FAMILIES, METRIC_NAMES, family_order, measure_name
from repdyn.wording.numbers import interval, plural, short

SCHEMA_VERSION = 4
TITLE = "How the dimensionality of representations changes while networks learn"

# The tables by the names of their files, and what a reader misses where one was not made.
TABLES = {
    "ledger": "published claims",
    "verdict_errors": "errors of the rules of verdicts",
    "seed_agreement": "agreement of the seeds on the verdicts",
    "statistics": "statistics of all runs",
    "validity": "errors of jump detectors",
    "validity_verdicts": "verdicts on jump detectors",
    "agreement": "agreement of jump detectors",
    "findings": "answers to questions that no claim asks",
    "finding_layers": "lowest dimensions of layers",
    "hypotheses": "hypotheses about jumps",
    "measurements": "measurements inside the networks",
    "moments": "moments that phase 2 looks into",
}


def document(
    experiments: pd.DataFrame,
    tables: dict[str, pd.DataFrame],
    jump_types: dict | None,
    claims: dict,
    provenance: list[dict],
    planned: Iterable[tuple[str, int]],
) -> dict[str, Any]:
    """The study as plain data: dicts, lists, strings and finite numbers; whatever is not a number is None.

    experiments: a row per run, as in study/experiments.parquet. tables: by the names in TABLES; those not given are named
    in metadata.missing. jump_types: study/jump_types.json. claims: config/claims.yaml. provenance: per run and stage
    ("training", "phase2") a dict with experiment, seed, stage, commit, config_digest, versions, python, machine; its clock
    readings are left out. planned: (experiment, seed) of every run of the configuration.

    Equal tables and commits give equal documents. StudyError for a claim of the ledger that `claims` does not have.
    """
    planned, tables = list(planned), of_metric(tables, experiments)
    return plain(
        {
            "schema_version": SCHEMA_VERSION,
            "title": TITLE,
            "summary": _summary(experiments, tables, study_of(claims)),
            "metadata": _metadata(experiments, tables, jump_types, provenance, planned),
            "provenance": _provenance(provenance),
            "defects": {name: " ".join(text.split()) for name, text in claims.get("defects", {}).items()},
            "labels": {"families": FAMILIES, "metrics": METRIC_NAMES},
            "quantities": _quantities(),
            "files": files_of(provenance),
            "claims": _claims(tables["ledger"], claims, tables.get("seed_agreement")) if "ledger" in tables else [],
            "verdict_errors": _rows(tables, "verdict_errors"),
            "statistics": _rows(tables, "statistics"),
            "jump_types": jump_types or {},
            "detectors": {
                "validity": _rows(tables, "validity"),
                "verdicts": _rows(tables, "validity_verdicts"),
                "agreement": _rows(tables, "agreement"),
            },
            "findings": _rows(tables, "findings"),
            "hypotheses": _rows(tables, "hypotheses"),
            "measurements": _rows(tables, "measurements"),
            "moments": _moments(tables["moments"]) if "moments" in tables else [],
            "experiments": [run | {"flags": flags(run)} for run in experiments.to_dict("records")],
        }
    )


def plain(content):
    """Python's own types only; None for NaN, infinities and missing values."""
    if isinstance(content, dict):
        return {str(key): plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [plain(value) for value in content]
    if isinstance(content, np.generic):
        content = content.item()
    if content is None or content is pd.NA or content is pd.NaT:
        return None
    return None if isinstance(content, float) and not np.isfinite(content) else content


def flags(run: dict) -> list[str]:
    """The flags of a run as sentences."""
    return [flag for flag in run["flags"].split("; ") if flag] if isinstance(run.get("flags"), str) else []


def _rows(tables: dict[str, pd.DataFrame], name: str) -> list[dict]:
    return tables[name].to_dict("records") if name in tables else []


def _summary(experiments: pd.DataFrame, tables: dict[str, pd.DataFrame], study: str) -> list[str]:
    """Sentences of numbers, each computed from one table."""
    told = story(tables | {"experiments": experiments}, study)
    sentences = [f"{about}: {text}" for about, text in told.items()]
    if len(tables.get("ledger", ())):
        sentences.append(verdict_counts(tables["ledger"]))
    if len(tables.get("hypotheses", ())):
        tested = tables["hypotheses"]
        counts = ", ".join(f"{verdict} {count}" for verdict, count in tested["verdict"].value_counts().items())
        sentences.append(f"Of {plural(len(tested), 'test')} of hypotheses about jumps, one per family: {counts}.")
    if "moments" in tables:
        sentences.append(window_summary(tables["moments"], experiments))
    if len(tables.get("findings", ())):
        sentences.append(finding_summary(tables["findings"]))
    return sentences


def _metadata(experiments, tables, jump_types, provenance, planned) -> dict:
    if experiments.empty:
        experiments = experiments.reindex(columns=["experiment", "seed", "family", "steps", "diverged_at", "at_chance"])
    apart = experiments[excluded_runs(experiments)]
    families = []
    for family in family_order(experiments["family"]):
        runs = experiments[experiments["family"] == family]
        families.append(
            {
                "family": family,
                "experiments": runs["experiment"].nunique(),
                "runs": len(runs),
                "excluded": int(excluded_runs(runs).sum()),
            }
        )
    return {
        "metric": experiments["metric"].iloc[0] if len(experiments) else None,
        "planned_runs": len(planned),
        "runs": len(experiments),
        "experiments": experiments["experiment"].nunique(),
        "seeds": experiments["seed"].nunique(),
        "steps": sorted(int(steps) for steps in experiments["steps"].unique()),
        "families": families,
        "excluded": [
            {"experiment": run.experiment, "seed": run.seed, "reason": _why_apart(run)} for run in apart.itertuples()
        ],
        "missing": _missing(experiments, tables, jump_types, provenance, planned),
    }


def _why_apart(run) -> str:
    if why_excluded(run._asdict()) == DIVERGED:
        return f"diverged at step {int(run.diverged_at):,}"
    return "ended within noise of chance"


def _missing(experiments, tables, jump_types, provenance, planned) -> list[str]:
    """What the document ought to hold and does not, a sentence each."""
    finished = set(zip(experiments["experiment"], experiments["seed"], strict=True))
    lost = [f"{experiment} (seed {seed})" for experiment, seed in planned if (experiment, seed) not in finished]
    said = [f"{len(lost)} of {plural(len(planned), 'planned run')} not finished: {_some(lost)}."] if lost else []
    said += [f"No table of {what} ({name})." for name, what in TABLES.items() if name not in tables]
    said += ["No types of jumps (jump_types)."] if jump_types is None else []
    for stage in ("training", "phase2"):
        known = {(record["experiment"], record["seed"]) for record in provenance if record["stage"] == stage}
        without = [f"{experiment} (seed {seed})" for experiment, seed in sorted(finished - known)]
        said += [f"No provenance record of {stage}: {_some(without)}."] if without else []
    return said


def _some(names: list[str], most: int = 6) -> str:
    """Names, the first few of them where there are many."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _provenance(records: list[dict]) -> dict:
    """Each value once over all records, a digest of all settings, and where each run came from."""

    def once(name: str) -> list[str]:
        return sorted({record[name] for record in records if record.get(name)})

    versions = {}
    for record in records:
        for package, version in record["versions"].items():
            versions.setdefault(package, set()).add(version)
    digests = json_lines((record["stage"], record["config_digest"]) for record in records)
    return {
        "commits": once("commit"),
        "python": once("python"),
        "machines": once("machine"),
        "versions": {package: sorted(found) for package, found in sorted(versions.items())},
        "settings_digest": hashlib.sha256(digests.encode()).hexdigest()[:16] if records else None,
        "runs": [
            {name: record.get(name) for name in ("experiment", "seed", "stage", "commit", "config_digest")}
            for record in records
        ],
    }


def json_lines(pairs: Iterable[tuple[str, str]]) -> str:
    """Pairs as sorted lines: the same text in whatever order the runs were read."""
    return "\n".join(sorted(f"{stage} {digest}" for stage, digest in pairs))


def _claims(ledger: pd.DataFrame, claims: dict, agreement: pd.DataFrame | None) -> list[dict]:
    """One entry per claim of the ledger, in its order."""
    declared = {claim["id"]: claim for claim in claims["claims"]}
    of_seeds = agreement.set_index("claim").drop(columns="holds").to_dict("index") if agreement is not None else {}
    entries = []
    for name, rows in ledger.groupby("claim", sort=False):
        if name not in declared:
            raise StudyError(f"the ledger has claim {name!r}, which config/claims.yaml does not; run the study again")
        first, printed, rule = rows.iloc[0], declared[name]["published"], declared[name]["verdict"]
        entries.append(
            {
                "id": name,
                "title": first["title"],
                "evidence": first["evidence"],
                "holds": first["holds"],
                "parts": [
                    dict(zip(("part", "evidence", "holds"), part, strict=True)) for part in json.loads(first["parts"])
                ],
                "rule": rule,
                "defects": declared[name]["defects"],
                "figures": [f"figures/{figure}.png" for figure in figures_of(name)],
                "code": f"workflow/repdyn/audit/claims/{name.lower()}.py",
                "evidence_reason": first["evidence_reason"],
                "reason": first["reason"],
                "seeds": _seeds(of_seeds.get(name)),
                "decided_by": decided_by(rule),
                "claimed": rule.get("value"),
                "printed": list(printed),
                "quantities": [_quantity(name, row) for row in rows.itertuples()],
            }
        )
    return entries


def agreement_of(claim: dict) -> dict:
    """What parts of the seeds say of a claim of the document, as a row of `audit.seed_agreement.SUMMARY`."""
    return {"claim": claim["id"], "holds": claim["holds"], **claim["seeds"]}


def _seeds(counts: dict | None) -> dict | None:
    """What parts of the seeds say of a claim; None where there is one seed."""
    if counts is None or not counts["single"]:
        return None
    return {**counts, "firm": None if pd.isna(counts["firm"]) else bool(counts["firm"])}


def _quantities() -> list[dict]:
    """What every quantity of phase 2 is, as the docstrings of the measures say."""
    return [
        {"quantity": name, "label": measure_name(name), "unit": each.unit, "a_row_per": each.rows or "layer",
         "meaning": each.meaning, "null": each.null or None, "source": each.source or None}
        for module in MODULES
        for each in described("repdyn.measures", module).quantities
        for name in each.names
    ]  # fmt: skip


def files_of(provenance: list[dict]) -> list[dict]:
    """Where the files are, from the folder of the results: of the study, its figures, and the folder of each run."""
    runs = sorted({(record["experiment"], record["seed"]) for record in provenance})
    tables = [{"path": f"study/{name}.parquet", "contents": what} for name, what in TABLES.items()]
    figures = [{"path": f"figures/{name}.png", "contents": figure.title} for name, figure in STUDY.items()]
    folders = [
        {"path": f"runs/{experiment}/seed{seed}", "contents": f"{experiment}, seed {seed}"} for experiment, seed in runs
    ]
    return tables + [{"path": "study/jump_types.json", "contents": "types of jumps"}] + figures + folders


def _quantity(claim: str, row) -> dict:
    return {
        "quantity": row.quantity,
        "label": quantity_name(claim, row.quantity),
        "unit": unit_of(claim, row.quantity),
        "published": row.published,
        "as_published": row.as_published,
        "repaired": row.repaired,
        "defect": {"mean": row.defect_mean, "low": row.defect_low, "high": row.defect_high, "name": row.defect},
        "null": {"mean": row.null_mean, "low": row.null_low, "high": row.null_high, "name": row.null},
        "ours": {"value": row.ours, "low": row.ours_low, "high": row.ours_high},
        "runs": row.runs,
        "note": row.note,
    }


def _moments(moments: pd.DataFrame) -> list[dict]:
    """How many windows of which kind and period, in how many runs of a family."""
    counted = moments.assign(run=moments["experiment"].astype(str) + " " + moments["seed"].astype(str))
    keys = ["family", "kind", "period"]
    counts = counted.groupby(keys, observed=True).agg(moments=("run", "size"), runs=("run", "nunique")).reset_index()
    return counts.to_dict("records")


def markdown(report: dict[str, Any]) -> str:
    """The document as Markdown, from nothing but itself: `report` as returned by `document` or read from its JSON."""
    # Text is escaped by `plain_text`; HTML escapes would be shown as they are.
    environment = templates(autoescape=False)
    environment.filters |= {"row": table_row, "head": table_head, "text": plain_text, "short": short, "plural": plural}
    validity = _frame(report["detectors"]["validity"])
    detectors, scenarios = detector_rows(validity) if len(validity) else ([], [])
    return environment.get_template("report.md.j2").render(
        report=report,
        claims=[
            {**claim, "rows": [claim_cells(row) for row in claim["quantities"]], "words": words_of(claim)}
            for claim in report["claims"]
        ],
        meanings=MEANINGS,
        errors=error_rows(_frame(report["verdict_errors"])) if report["verdict_errors"] else [],
        truths=list(TRUTHS),
        seed_rows=seed_rows(pd.DataFrame([agreement_of(claim) for claim in report["claims"] if claim["seeds"]])),
        statistics=statistic_rows(_frame(report["statistics"])),
        hypotheses=hypothesis_rows(_frame(report["hypotheses"])),
        detectors=detectors,
        scenarios=scenarios,
        findings=finding_rows(_frame(report["findings"])) if report["findings"] else [],
        finding_headings=FINDING_HEADINGS,
        types=[type_cells(metric, found) for metric, found in report["jump_types"].items()],
    )


def words_of(claim: dict) -> tuple[str, str]:
    """Both words of a claim of the document."""
    return both_words([(part["part"], part["evidence"], part["holds"]) for part in claim["parts"]])


def _frame(rows: list[dict]) -> pd.DataFrame:
    """Rows of the document as a table, None in columns of numbers as NaN."""
    table = pd.DataFrame(rows)
    empty = [name for name in table if table[name].isna().all()]
    return table.astype(dict.fromkeys(empty, np.float64))


def claim_cells(row: dict) -> list[str]:
    """Cells of a quantity of a claim: name, published, as published, on a null, repaired, null, ours, runs, note."""
    defect, null, ours = row["defect"], row["null"], row["ours"]
    return [
        row["label"],
        *(short(row[name]) for name in ("published", "as_published")),
        interval(defect["mean"], defect["low"], defect["high"]),
        short(row["repaired"]),
        interval(null["mean"], null["low"], null["high"]),
        interval(ours["value"], ours["low"], ours["high"]),
        short(row["runs"]),
        "; ".join(filter(None, (null["name"], row["note"]))),
    ]


def type_cells(metric: str, found: dict) -> list[str]:
    """Cells of a metric's types of jumps: metric, jumps, number of types, p, stability, sizes, verdict."""
    sizes = ", ".join(short(size) for size in found.get("sizes") or ())
    numbers = (short(found.get(name)) for name in ("jumps", "k", "p", "stability"))
    return [metric.replace("_", " "), *numbers, sizes, found.get("verdict") or ""]


def table_row(cells: Iterable) -> str:
    """Cells as a row of a Markdown table; bars and line ends in a cell do not end it."""
    return f"| {' | '.join(map(plain_text, cells))} |"


def plain_text(value: object) -> str:
    """Text that Markdown shows as it is, on one line."""
    return " ".join(re.sub(r"([\\|`*\[\]<>])", r"\\\1", str(value)).split())


def table_head(headings: list[str], left: int = 1, last: int = 0) -> str:
    """The two lines above the rows: all columns but the first `left` and the last `last` are aligned to the right."""
    words = [*range(left), *range(len(headings) - last, len(headings))]
    rules = [":--" if place in words else "--:" for place in range(len(headings))]
    return f"{table_row(headings)}\n{table_row(rules)}"
