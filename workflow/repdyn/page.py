"""The report page: one self-contained HTML file from frames and images."""

from base64 import b64encode
from importlib.resources import files
from io import BytesIO
from typing import NamedTuple

import numpy as np
import pandas as pd

from repdyn.detectors.levelshift import ALPHA
from repdyn.evidence import MISSING, agreement_rows, claim_rows, detector_rows, statistic_rows, verdict_counts
from repdyn.figures.names import metric_name
from repdyn.figures.style import FAMILY_COLOURS, FONT, family_name, family_order, plural, untrained


class Picture(NamedTuple):
    """An image inside the page: its data URI and its size in pixels."""

    uri: str
    width: int
    height: int


class Panel(NamedTuple):
    """What the page says about one figure of the whole study."""

    title: str
    caption: str
    alt: str


class Column(NamedTuple):
    """A column of the table of runs: heading, column of the frame, and how its values are written."""

    heading: str
    name: str
    style: str  # "text", "count", "percent", "number" or "seconds"


PANELS = {
    "loss_curves": Panel(
        "Loss",
        "Loss on the probe set, one panel per architecture and one line per run. Dotted: the loss of a uniform guess.",
        "Small multiples of probe loss against training step",
    ),
    "accuracy_curves": Panel(
        "Accuracy",
        "Accuracy on the probe set, one panel per architecture and one line per run. Dotted: chance.",
        "Small multiples of probe accuracy against training step",
    ),
    "dimension_curves": Panel(
        "Dimension while learning",
        "Mean over the layers in each third of a network's depth (logits left out), one thin line per run; "
        "bold: the median over the runs that learned.",
        "Small multiples, by family and dataset, of the dimension of layers against training step",
    ),
    "final_dimension": Panel(
        "Dimension at the last step",
        "Mean over all tracked layers before the logits, one marker per run.",
        "Dot plot of the final participation ratio and stable rank of every run, by architecture",
    ),
}

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


def picture(content: bytes, kind: str = "webp") -> Picture:
    """An image file's bytes as a Picture."""
    from PIL import Image

    with Image.open(BytesIO(content)) as image:
        width, height = image.size
    return Picture(f"data:image/{kind};base64,{b64encode(content).decode()}", width, height)


def render(
    experiments: pd.DataFrame,
    figures: dict[str, Picture],
    heatmaps: dict[tuple[str, int], Picture],
    provenance: pd.DataFrame,
    evidence: dict[str, pd.DataFrame] | None = None,
) -> str:
    """The page as HTML.

    experiments: one row per run with experiment, architecture, family, dataset, seed, steps, parameters, chance,
    test_accuracy, diverged_at, at_chance, metric, jumps, jumps_per_layer, early, middle, late, pattern,
    final_participation_ratio, final_stable_rank and flags (sentences joined by "; "). figures: by the names in PANELS.
    heatmaps: by (experiment, seed). provenance: one row per run with experiment, seed, wall_seconds, cpu_seconds,
    peak_memory_mb, commit, config_digest, machine, python, versions (a dict). Whatever is missing is said on the page.
    evidence: the tables of `evidence`, by name:
    ledger, statistics, validity, validity_verdicts, agreement.
    """
    from jinja2 import Environment, StrictUndefined

    runs = with_clocks(experiments, provenance)
    runs = runs.astype(dict.fromkeys(MEASURED, np.float64))
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters |= {"written": written, "plural": plural}
    source = files("repdyn").joinpath("templates", "index.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source).render(
        font=FONT,
        family_colours=FAMILY_COLOURS,
        family_name=family_name,
        columns=COLUMNS,
        summary=summary(runs),
        families=by_family(runs),
        rows=[_row(run) for run in runs.to_dict("records")],
        panels=[(name, panel, figures.get(name), flagged_note(runs)) for name, panel in PANELS.items()],
        heatmaps=_heatmaps_by_family(runs, heatmaps),
        alpha=f"{100 * ALPHA:g} %",
        **_evidence(evidence or {}),
        seeds=int(runs["seed"].nunique()),
        sources=sources(provenance),
        origins=provenance.astype(object).where(provenance.notna(), None).to_dict("records"),
        without_provenance=int(runs["wall_seconds"].isna().sum()),
    )


def _evidence(tables: dict[str, pd.DataFrame]) -> dict:
    """What the template shows of each table of evidence; empty where a table was not made."""
    made = {
        name: tables.get(name, pd.DataFrame())
        for name in ("ledger", "statistics", "validity", "validity_verdicts", "agreement")
    }
    detectors, scenarios = detector_rows(made["validity"]) if len(made["validity"]) else ([], [])
    pairs, agreements = agreement_rows(made["agreement"]) if len(made["agreement"]) else ([], [])
    return {
        "claims": claim_rows(made["ledger"]) if len(made["ledger"]) else [],
        "claim_summary": verdict_counts(made["ledger"]) if len(made["ledger"]) else "",
        "statistics": statistic_rows(made["statistics"]) if len(made["statistics"]) else [],
        "detectors": detectors,
        "scenarios": scenarios,
        "detector_verdicts": made["validity_verdicts"].to_dict("records"),
        "pairs": pairs,
        "agreements": agreements,
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


def written(value, style: str) -> str:
    """A value as the page shows it; "n/a" for None and NaN."""
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return MISSING
    if style == "count":
        return f"{int(value):,}"
    if style == "percent":
        return f"{100 * value:.1f} %"
    if style == "number":
        return f"{value:.2f}"
    if style == "seconds":
        return f"{value:.1f} s" if value < 120 else f"{value / 60:.1f} min"
    return str(value)


def anchor(experiment: str, seed: int) -> str:
    """The id of a run's heatmap on the page."""
    return f"{experiment}-seed{seed}"


def summary(runs: pd.DataFrame) -> str:
    """One paragraph of numbers, all computed from the frame."""
    if runs.empty:
        return "The study has no finished run."
    diverged = int(runs["diverged_at"].notna().sum())
    chance = int(untrained(runs).sum()) - diverged
    steps = " or ".join(f"{n:,}" for n in sorted(runs["steps"].unique()))
    sentences = [
        f"{plural(len(runs), 'run')} of {plural(runs['experiment'].nunique(), 'experiment')} "
        f"({plural(runs['architecture'].nunique(), 'architecture')}, {plural(runs['dataset'].nunique(), 'dataset')}) "
        f"were trained for {steps} steps: {len(runs) - diverged - chance} learned, {chance} ended within noise of "
        f"chance, {diverged} diverged."
    ]
    learned = runs[~untrained(runs)]
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
    total = int(runs["jumps"].fillna(0).sum())
    if total == 0:
        return "The jump detector found nothing in any run."
    shares = ", ".join(
        f"{written(runs[part].fillna(0).sum() / total, 'percent')} {when}"
        for part, when in (
            ("early", "before a tenth of training"),
            ("middle", "up to half"),
            ("late", "in the second half"),
        )
    )
    return (
        f"The jump detector found {plural(total, 'jump')} ({shares}), a median of "
        f"{written(float(runs['jumps_per_layer'].median()), 'number')} per layer and run."
    )


def by_family(runs: pd.DataFrame) -> list[dict]:
    """Per family: how many runs, medians over those that learned, and the seconds of all."""
    table = []
    for family in family_order(runs["family"]):
        chosen = runs[runs["family"] == family]
        learned = chosen[~untrained(chosen)]
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


def flagged_note(runs: pd.DataFrame) -> str:
    """Which runs the figures draw apart, as a sentence."""
    apart = runs[untrained(runs)]
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


def _row(run: dict) -> dict:
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
        "anchor": anchor(run["experiment"], run["seed"]),
        "flags": _flags(run),
        "cells": cells,
    }


def _flags(run: dict) -> list[str]:
    return [flag for flag in run["flags"].split("; ") if flag] if isinstance(run["flags"], str) else []


def _heatmaps_by_family(runs: pd.DataFrame, heatmaps: dict[tuple[str, int], Picture]) -> list[tuple[str, list[dict]]]:
    grouped = []
    for family in family_order(runs["family"]):
        entries = [
            {
                "name": f"{run.experiment}, seed {run.seed}",
                "anchor": anchor(run.experiment, run.seed),
                "picture": heatmaps.get((run.experiment, run.seed)),
                "alt": _heatmap_alt(run),
            }
            for run in runs[runs["family"] == family].itertuples()
        ]
        grouped.append((family, entries))
    return grouped


def _heatmap_alt(run) -> str:
    metric = metric_name(str(run.metric))
    order = run.pattern if isinstance(run.pattern, str) else MISSING
    return (
        f"Heatmap of the {metric} of every layer over {run.steps:,} steps of {run.experiment}, seed {run.seed}: "
        f"final mean {written(run.final_participation_ratio, 'number')}, "
        f"{written(run.jumps_per_layer, 'number')} jumps per layer, order of settling {order}."
    )
