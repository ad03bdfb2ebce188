"""The title of every figure of the study: a sentence that says what is seen in it, written from the tables by rule."""

from collections.abc import Callable

from repdyn.report.lookup import Tables
from repdyn.report.seen_in_networks import (
    accuracy_curves,
    filter_change,
    final_dimension,
    findings,
    hypotheses,
    loss_curves,
    selectivity,
    specialisation,
)
from repdyn.report.seen_in_series import (
    coupling,
    deep_dive,
    dimension_curves,
    order,
    repaired,
    single_steps,
    timing,
    validity,
    velocity,
)

SENTENCES: dict[str, Callable[[Tables], str]] = {
    "repaired": repaired,
    "order": order,
    "dimension_curves": dimension_curves,
    "timing": timing,
    "single_steps": single_steps,
    "deep_dive": deep_dive,
    "coupling": coupling,
    "velocity": velocity,
    "findings": findings,
    "hypotheses": hypotheses,
    "filter_change": filter_change,
    "specialisation": specialisation,
    "selectivity": selectivity,
    "validity": validity,
    "loss_curves": loss_curves,
    "accuracy_curves": accuracy_curves,
    "final_dimension": final_dimension,
}


def headlines(tables: Tables) -> dict[str, str]:
    """By the name of a figure, its sentence; those whose tables are missing or empty are left out.

    tables: by the names of their files; `experiments` is the table of runs.
    """
    said = {name: sentence(tables) for name, sentence in SENTENCES.items()}
    return {name: f"{sentence}." for name, sentence in said.items() if sentence}
