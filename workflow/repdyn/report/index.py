"""The report page: one self-contained HTML file from frames and images."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.audit.bounds import TRUTHS
from repdyn.figures.registry import SECTIONS, STUDY, study_caption
from repdyn.measures import MODULES
from repdyn.report.evidence import (
    agreement_rows,
    claim_rows,
    detector_rows,
    error_rows,
    of_metric,
    seed_rows,
    statistic_rows,
    verdict_counts,
)
from repdyn.report.findings import HEADINGS as FINDING_HEADINGS
from repdyn.report.findings import finding_rows, finding_sentences, finding_summary
from repdyn.report.forest import forest
from repdyn.report.html import Picture, fill, run_link
from repdyn.report.mechanisms import hypothesis_rows, measurement_tables, window_rows, window_summary
from repdyn.report.quantities import HEADINGS, table_of
from repdyn.report.shipped import compared
from repdyn.report.story import QUESTION, story
from repdyn.statistics.intervals import BOOTSTRAP_RUNS, MINIMUM_RUNS
from repdyn.study.exclusion import excluded_runs
from repdyn.timeseries.periods import EARLY, MIDDLE
from repdyn.wording.names import family_name, family_order
from repdyn.wording.numbers import MISSING, plural, written

EVIDENCE = (
    "ledger", "verdict_errors", "seed_agreement", "statistics", "validity", "validity_verdicts", "agreement",
    "findings",
)  # fmt: skip


class Column(NamedTuple):
    """A column of the table of runs: heading, column of the frame, and how its values are written."""

    heading: str
    name: str
    style: str  # "text", "count", "percent", "number" or "seconds"


# Columns that are numbers even where no run has a value and the frame holds only None.
MEASURED = ("test_accuracy", "final_participation_ratio", "final_stable_rank", "jumps_per_layer", "jumps")

COLUMNS = (
    Column("Family", "family", "text"),
    Column("Dataset", "dataset", "text"),
    Column("Seed", "seed", "count"),
    Column("Parameters", "parameters", "count"),
    Column("Accuracy", "test_accuracy", "percent"),
    Column("Chance", "chance", "percent"),
    Column("Final participation ratio", "final_participation_ratio", "number"),
    Column("Final stable rank", "final_stable_rank", "number"),
    Column("Jumps per layer", "jumps_per_layer", "number"),
    Column("Wall time", "wall_seconds", "seconds"),
    Column("Flags", "flags", "text"),
)


def render(
    experiments: pd.DataFrame,
    figures: dict[str, Picture],
    provenance: pd.DataFrame,
    pages: int,
    evidence: dict[str, pd.DataFrame] | None = None,
    inside: dict[str, pd.DataFrame] | None = None,
    stages: dict[str, pd.DataFrame] | None = None,
    unfinished: list[str] | None = None,
    profile: tuple[list[str], list[list[str]]] | None = None,
    shipped: dict | None = None,
    declared: dict | None = None,
) -> str:
    """The page as HTML.

    experiments: one row per run with experiment, architecture, family, dataset, seed, steps, parameters, chance,
    test_accuracy, diverged_at, at_chance, metric, level, jumps, jumps_per_layer, early, middle, late, pattern,
    final_participation_ratio, final_stable_rank and flags (sentences joined by "; "). figures: by the names in
    figures.registry.STUDY. provenance: one row per run with experiment, seed, wall_seconds, cpu_seconds, peak_memory_mb,
    commit, config_digest, machine, python, versions (a dict). pages: how many seeds of an experiment, the first, have a
    page of their own. Whatever is missing is said on the page.
    evidence: the tables of `evidence`, by name: those of EVIDENCE.
    inside: the tables of `mechanisms`, by name: moments, measurements, hypotheses. stages: by name of a stage, its jobs with
    cpu_seconds and peak_memory_mb, NaN for those without a record. unfinished: experiments of the study that are not in
    the tables. profile: headings and rows of `profile.profile_rows`. shipped: data/readme/verdicts.json.
    declared: config/claims.yaml.
    """
    runs = with_clocks(experiments, provenance)
    runs = runs.astype(dict.fromkeys(MEASURED, np.float64))
    ledger = (evidence or {}).get("ledger", pd.DataFrame())
    return fill(
        "index",
        columns=COLUMNS,
        summary=summary(runs),
        question=QUESTION,
        story=story(runs, ledger, (evidence or {}).get("findings", pd.DataFrame())) if len(runs) else [],
        forest=forest(ledger, declared["claims"]) if declared and len(ledger) else None,
        unfinished=unfinished or [],
        families=by_family(runs),
        own=runs.loc[runs["family"] == "module", "architecture"].unique().tolist(),
        rows=[_row(run, pages) for run in runs.to_dict("records")],
        pages=pages,
        panels=STUDY,
        shown={section: [name for name, figure in STUDY.items() if figure.section == section] for section in SECTIONS},
        captions={name: study_caption(name) for name in STUDY},
        pictures={name: figures.get(name) for name in STUDY},
        apart=flagged_note(runs),
        alpha=" or ".join(f"{100 * level:g} %" for level in sorted(runs["level"].unique())) or MISSING,
        early=f"{EARLY:g}",
        middle=f"{MIDDLE:g}",
        minimum_runs=MINIMUM_RUNS,
        bootstrap_runs=BOOTSTRAP_RUNS,
        **_evidence(of_metric(evidence or {}, experiments), shipped),
        **_inside(inside or {}, len(runs)),
        profile=profile,
        source=(declared or {}).get("source"),
        defects=(declared or {}).get("defects", {}),
        defects_of={claim["id"]: claim["defects"] for claim in (declared or {}).get("claims", ())},
        stages=[stage_row(name, jobs) for name, jobs in (stages or {}).items()],
        quantities=[(name, table_of("repdyn.measures", name)) for name in MODULES],
        quantity_headings=HEADINGS,
        seeds=int(runs["seed"].nunique()),
        sources=sources(provenance),
        origins=provenance.astype(object).where(provenance.notna(), None).to_dict("records"),
        without_provenance=int(runs["wall_seconds"].isna().sum()),
    )


def _inside(tables: dict[str, pd.DataFrame], runs: int) -> dict:
    """What the template shows of each table of phase 2; empty where a table was not made."""
    moments, measurements, hypotheses = (tables.get(name) for name in ("moments", "measurements", "hypotheses"))
    return {
        "window_summary": window_summary(moments, runs) if moments is not None else "",
        "moments": window_rows(moments) if moments is not None else [],
        "measurements": measurement_tables(measurements) if measurements is not None else [],
        "hypotheses": hypothesis_rows(hypotheses) if hypotheses is not None else [],
    }


def _evidence(tables: dict[str, pd.DataFrame], shipped: dict | None) -> dict:
    """What the template shows of each table of evidence; empty where a table was not made."""
    made = {name: tables.get(name, pd.DataFrame()) for name in EVIDENCE}
    words = made["ledger"].groupby("claim", sort=False)["holds"].first().to_dict() if len(made["ledger"]) else {}
    detectors, scenarios = detector_rows(made["validity"]) if len(made["validity"]) else ([], [])
    pairs, agreements = agreement_rows(made["agreement"]) if len(made["agreement"]) else ([], [])
    return {
        "claims": claim_rows(made["ledger"]) if len(made["ledger"]) else [],
        "verdicts": sorted(made["ledger"]["holds"].unique()) if len(made["ledger"]) else [],
        "errors": error_rows(made["verdict_errors"]) if len(made["verdict_errors"]) else [],
        "truths": list(TRUTHS),
        "seed_rows": seed_rows(made["seed_agreement"]) if len(made["seed_agreement"]) else [],
        "compared": compared(words, shipped) if shipped else "",
        "claim_summary": verdict_counts(made["ledger"]) if len(made["ledger"]) else "",
        "statistics": statistic_rows(made["statistics"]) if len(made["statistics"]) else [],
        "detectors": detectors,
        "scenarios": scenarios,
        "detector_verdicts": made["validity_verdicts"].to_dict("records"),
        "pairs": pairs,
        "agreements": agreements,
        "finding_summary": finding_summary(made["findings"]) if len(made["findings"]) else "",
        "findings": finding_rows(made["findings"]) if len(made["findings"]) else [],
        "finding_sentences": finding_sentences(made["findings"]) if len(made["findings"]) else [],
        "finding_headings": FINDING_HEADINGS,
    }


def with_clocks(experiments: pd.DataFrame, provenance: pd.DataFrame) -> pd.DataFrame:
    """The table of runs with wall_seconds and cpu_seconds; NaN for a run without a record."""
    known = {(record["experiment"], record["seed"]): record for record in provenance.to_dict("records")}
    records = [known.get(run, {}) for run in zip(experiments["experiment"], experiments["seed"], strict=True)]
    clocks = {
        name: np.array([record.get(name, np.nan) for record in records], dtype=np.float64)
        for name in ("wall_seconds", "cpu_seconds")
    }
    return experiments.assign(**clocks)


def summary(runs: pd.DataFrame) -> str:
    """One paragraph of numbers, all computed from the frame."""
    if runs.empty:
        return "The study has no finished run."
    diverged = int(runs["diverged_at"].notna().sum())
    chance = int(excluded_runs(runs).sum()) - diverged
    steps = " or ".join(f"{n:,}" for n in sorted(runs["steps"].unique()))
    sentences = [
        f"{plural(len(runs), 'run')} of {plural(runs['experiment'].nunique(), 'experiment')} "
        f"({plural(runs['architecture'].nunique(), 'architecture')}, {plural(runs['dataset'].nunique(), 'dataset')}) "
        f"were trained for {steps} steps: {len(runs) - diverged - chance} learned, {chance} ended within noise of "
        f"chance, {diverged} diverged."
    ]
    learned = runs[~excluded_runs(runs)]
    if learned["test_accuracy"].notna().any():
        low, middle, high = learned["test_accuracy"].quantile([0, 0.5, 1])
        sentences.append(
            f"Test accuracy of the runs that learned has a median of {written(middle, 'percent')} "
            f"({written(low, 'percent')} to {written(high, 'percent')})."
        )
    sentences.append(_jump_sentence(runs))
    patterns = runs["pattern"].dropna().value_counts().sort_index()
    if len(patterns):
        counts = ", ".join(f"{name} {count}" for name, count in patterns.items())
        sentences.append(f"Order in which layers settle, in runs: {counts}.")
    return " ".join(sentences)


def _jump_sentence(runs: pd.DataFrame) -> str:
    found, total = (int(runs[name].fillna(0).sum()) for name in ("candidates", "jumps"))
    if found == 0:
        return "No layer changes more between two measurements than its null does: no candidate for a jump in any run."
    looked = f"Of {plural(found, 'candidate')} for jumps, each measured at every training step,"
    if total == 0:
        return f"{looked} none happens within one training step."
    shares = ", ".join(
        f"{written(runs[part].fillna(0).sum() / total, 'percent')} {when}"
        for part, when in (
            ("early", "before a tenth of training"),
            ("middle", "up to half"),
            ("late", "in the second half"),
        )
    )
    return (
        f"{looked} {total} happen within one and are jumps ({shares}), a median of "
        f"{written(float(runs['jumps_per_layer'].median()), 'number')} per layer and run."
    )


def by_family(runs: pd.DataFrame) -> list[dict]:
    """Per family: how many runs, medians over those that learned, and the seconds of all."""
    table = []
    for family in family_order(runs["family"]):
        chosen = runs[runs["family"] == family]
        learned = chosen[~excluded_runs(chosen)]
        table.append(
            {
                "family": family,
                "runs": len(chosen),
                "learned": len(learned),
                "accuracy": float(learned["test_accuracy"].median()),
                "participation_ratio": float(learned["final_participation_ratio"].median()),
                "stable_rank": float(learned["final_stable_rank"].median()),
                "jumps_per_layer": float(learned["jumps_per_layer"].median()),
                "wall_seconds": float(chosen["wall_seconds"].sum(min_count=1)),
                "cpu_seconds": float(chosen["cpu_seconds"].sum(min_count=1)),
            }
        )
    return table


def stage_row(name: str, jobs: pd.DataFrame) -> list[str]:
    """Cells of a stage: its name, number of jobs, CPU time of all and largest memory of one.

    Where some jobs left no record, how many did stands before their number, and the sums are of those.
    """
    known = jobs.dropna()
    count = written(len(jobs), "count")
    if len(known) < len(jobs):
        count = f"{written(len(known), 'count')} of {count}"
    memory = f"{written(float(known['peak_memory_mb'].max()), 'count')} MB" if len(known) else MISSING
    return [name, count, written(float(known["cpu_seconds"].sum(min_count=1)), "seconds"), memory]


def flagged_note(runs: pd.DataFrame) -> str:
    """Which runs the figures draw apart, as a sentence."""
    apart = runs[excluded_runs(runs)]
    if apart.empty:
        return "No run diverged or ended at chance."
    names = ", ".join(f"{run.experiment} (seed {run.seed})" for run in apart.itertuples())
    return f"Grey and dashed or hollow, because they diverged or ended at chance, and in no median: {names}."


def sources(provenance: pd.DataFrame) -> list[tuple[str, str]]:
    """(what, values) over all runs: commits, machines, Python and library versions, each value once."""

    def once(column: str) -> str:
        if column not in provenance:
            return MISSING
        return ", ".join(sorted({str(value) for value in provenance[column].dropna()})) or MISSING

    found = {}
    for versions in provenance.get("versions", ()):
        for package, version in (versions if isinstance(versions, dict) else {}).items():
            found.setdefault(package, set()).add(str(version))
    libraries = [(package, ", ".join(sorted(values))) for package, values in sorted(found.items())]
    named = [("Commit", "commit"), ("Machine", "machine"), ("Python", "python")]
    return [(what, once(column)) for what, column in named] + libraries


def _row(run: dict, pages: int) -> dict:
    """A run as the table shows it: what is written in each cell and what the cell sorts by."""
    cells = []
    for column in COLUMNS:
        value = run[column.name]
        if column.name == "family":
            text, key = family_name(value), value
        elif column.name == "flags":
            sentences = _flags(run)
            more = f" (and {len(sentences) - 1} more)" if len(sentences) > 1 else ""
            text, key = (sentences[0] if sentences else "none") + more, str(len(sentences))
        else:
            text = written(value, column.style)
            key = "" if text == MISSING else str(value)
        cells.append({"text": text, "key": key, "number": column.style != "text", "name": column.name})
    return {
        "experiment": run["experiment"],
        "seed": run["seed"],
        "family": run["family"],
        "page": run_link(run["experiment"], run["seed"], pages),
        "flags": _flags(run),
        "cells": cells,
    }


def _flags(run: dict) -> list[str]:
    return [flag for flag in run["flags"].split("; ") if flag] if isinstance(run["flags"], str) else []
