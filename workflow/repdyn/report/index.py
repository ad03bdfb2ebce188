"""The report page: one self-contained HTML file from frames and images."""

import numpy as np
import pandas as pd

from repdyn.audit.bounds import TRUTHS
from repdyn.figures.registry import SECTIONS, STUDY, study_caption
from repdyn.measures import MODULES
from repdyn.report.downloads import of_claim, of_figure
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
from repdyn.report.explorer import explorer
from repdyn.report.findings import HEADINGS as FINDING_HEADINGS
from repdyn.report.findings import finding_rows, finding_sentences, finding_summary
from repdyn.report.forest import forest
from repdyn.report.glossary import WORDS, Explained, anchor
from repdyn.report.headlines import headlines
from repdyn.report.html import Picture, fill
from repdyn.report.mechanisms import hypothesis_rows, measurement_tables, window_rows, window_summary
from repdyn.report.origins import once, sources, stage_row
from repdyn.report.quantities import HEADINGS, table_of
from repdyn.report.runs import COLUMNS, MEASURED, by_family, flagged_note, run_row, with_clocks
from repdyn.report.shipped import compared
from repdyn.report.story import QUESTION, story, study_of
from repdyn.statistics.intervals import BOOTSTRAP_RUNS, MINIMUM_RUNS
from repdyn.timeseries.periods import EARLY, MIDDLE
from repdyn.wording.numbers import MISSING

EVIDENCE = (
    "ledger", "verdict_errors", "seed_agreement", "statistics", "validity", "validity_verdicts", "agreement",
    "findings",
)  # fmt: skip


def render(
    experiments: pd.DataFrame,
    figures: dict[str, Picture],
    provenance: pd.DataFrame,
    pages: int,
    evidence: dict[str, pd.DataFrame | dict] | None = None,
    inside: dict[str, pd.DataFrame] | None = None,
    stages: dict[str, pd.DataFrame] | None = None,
    unfinished: list[str] | None = None,
    profile: tuple[list[str], list[list[str]]] | None = None,
    shipped: dict | None = None,
    declared: dict | None = None,
    guide: bool = False,
) -> str:
    """The page as HTML.

    experiments: one row per run with experiment, architecture, family, dataset, seed, steps, parameters, chance,
    test_accuracy, diverged_at, at_chance, metric, level, candidates, jumps, pattern, final_participation_ratio,
    final_stable_rank and flags (sentences joined by "; "). figures: by the names in figures.registry.STUDY. provenance:
    one row per run with experiment, seed, wall_seconds, cpu_seconds, peak_memory_mb, commit, config_digest, machine,
    python, versions (a dict). pages: how many seeds of an experiment, the first, have a page of their own. Whatever is
    missing is said on the page.
    evidence: the tables of `evidence`, by name: those of EVIDENCE; published_errors, `audit.verdict_errors` of the published
    design; and those that figures are drawn from, for their titles
    and as files. inside: the tables of `mechanisms`, by name: moments, measurements, hypotheses. stages: by name of a
    stage, its jobs with cpu_seconds and peak_memory_mb, NaN for those without a record. unfinished: experiments of the
    study that are not in the tables. profile: headings and rows of `profile.profile_rows`. shipped:
    data/readme/verdicts.json. declared: config/claims.yaml. guide: whether the pages of the toolkit lie beside this one.
    """
    runs = with_clocks(experiments, provenance)
    runs = runs.astype(dict.fromkeys(MEASURED, np.float64))
    evidence, inside, declared = evidence or {}, inside or {}, declared or {}
    tables = {**evidence, **inside, "experiments": runs}
    ledger = evidence.get("ledger", pd.DataFrame())
    return fill(
        "index",
        columns=COLUMNS,
        question=QUESTION,
        story=story(tables, study_of(declared)),
        explained=Explained(),
        words=[(word, anchor(word), meaning) for word, meaning in sorted(WORDS.items())],
        forest=forest(ledger, declared["claims"]) if declared and len(ledger) else None,
        unfinished=unfinished or [],
        families=by_family(runs),
        own=runs.loc[runs["family"] == "module", "architecture"].unique().tolist(),
        rows=[run_row(run, pages) for run in runs.to_dict("records")],
        pages=pages,
        panels=STUDY,
        sections=SECTIONS,
        shown={section: [name for name, figure in STUDY.items() if figure.section == section] for section in SECTIONS},
        headlines={name: f"{figure.title}." for name, figure in STUDY.items()} | headlines(tables),
        captions={name: study_caption(name) for name in STUDY},
        pictures={name: figures.get(name) for name in STUDY},
        downloads={name: of_figure(name, tables) for name in STUDY},
        explorer=explorer(evidence.get("curves", pd.DataFrame()), runs, pages),
        apart=flagged_note(runs),
        alpha=" or ".join(f"{100 * level:g} %" for level in sorted(runs["level"].unique())) or MISSING,
        early=f"{EARLY:g}",
        middle=f"{MIDDLE:g}",
        minimum_runs=MINIMUM_RUNS,
        bootstrap_runs=BOOTSTRAP_RUNS,
        **_evidence(of_metric(evidence, experiments), shipped, declared.get("claims", ())),
        leads={claim: of_claim(claim, ledger, declared) for claim in (ledger["claim"].unique() if len(ledger) else ())},
        **_inside(inside, runs),
        profile=profile,
        guide=guide,
        source=declared.get("source"),
        defects=declared.get("defects", {}),
        defects_of={claim["id"]: claim["defects"] for claim in declared.get("claims", ())},
        stages=[stage_row(name, jobs) for name, jobs in (stages or {}).items()],
        quantities=[(name, table_of("repdyn.measures", name)) for name in MODULES],
        quantity_headings=HEADINGS,
        seeds=int(runs["seed"].nunique()),
        commits=once(provenance, "commit"),
        sources=sources(provenance),
        origins=provenance.astype(object).where(provenance.notna(), None).to_dict("records"),
        without_provenance=int(runs["wall_seconds"].isna().sum()),
    )


def _inside(tables: dict[str, pd.DataFrame], runs: pd.DataFrame) -> dict:
    """What the template shows of each table of phase 2; empty where a table was not made."""
    moments, measurements, hypotheses = (tables.get(name) for name in ("moments", "measurements", "hypotheses"))
    return {
        "window_summary": window_summary(moments, runs) if moments is not None else "",
        "moments": window_rows(moments) if moments is not None else [],
        "measurements": measurement_tables(measurements) if measurements is not None else [],
        "hypotheses": hypothesis_rows(hypotheses) if hypotheses is not None else [],
    }


def _evidence(tables: dict[str, pd.DataFrame], shipped: dict | None, claims: list[dict]) -> dict:
    """What the template shows of each table of evidence; empty where a table was not made."""
    made = {name: tables.get(name, pd.DataFrame()) for name in EVIDENCE}
    words = made["ledger"].groupby("claim", sort=False)["holds"].first().to_dict() if len(made["ledger"]) else {}
    detectors, scenarios = detector_rows(made["validity"]) if len(made["validity"]) else ([], [])
    pairs, agreements = agreement_rows(made["agreement"]) if len(made["agreement"]) else ([], [])
    return {
        "claims": claim_rows(made["ledger"], claims) if len(made["ledger"]) else [],
        "verdicts": sorted(made["ledger"]["holds"].unique()) if len(made["ledger"]) else [],
        "errors": error_rows(made["verdict_errors"]) if len(made["verdict_errors"]) else [],
        "published_errors": error_rows(tables["published_errors"]) if "published_errors" in tables else [],
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
