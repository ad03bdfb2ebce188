"""Studies as the page of the report gets them, and the page made of them."""

import json
import re

import numpy as np
import pandas as pd

from helpers.html_reader import Reader, webp
from repdyn.figures.registry import STUDY
from repdyn.report.index import render


def study() -> pd.DataFrame:
    """Five runs: one diverged, one at chance with two flags."""
    frame = pd.DataFrame(
        [
            ("mlp_wide", "mlp", "digits", 0.91, 12.25),
            ("mlp_narrow", "mlp", "docstrings", 0.26, 3.5),
            ("cnn_deep", "cnn", "photos", np.nan, np.nan),
            ("transformer_deep", "transformer", "digits", 0.83, 20.125),
            ("transformer_narrow", "transformer", "docstrings", 0.75, 7.0),
        ],
        columns=["architecture", "family", "dataset", "test_accuracy", "final_participation_ratio"],
    )
    frame["experiment"] = frame["architecture"] + "-" + frame["dataset"]
    frame["seed"] = 0
    frame["steps"] = 2000
    frame["parameters"] = [1000, 20000, 300000, 4000000, 50]
    frame["chance"] = [0.1, 0.25, 0.125, 0.1, 0.25]
    frame["final_stable_rank"] = frame["final_participation_ratio"] / 2
    frame["diverged_at"] = [np.nan, np.nan, 400, np.nan, np.nan]
    frame["at_chance"] = [False, True, False, False, False]
    frame["metric"] = "participation_ratio"
    frame["level"] = 0.05
    frame["candidates"] = [40, 20, 0, 60, 10]
    frame["jumps"] = [30, 10, 0, 50, 10]
    frame["early"] = [10, 10, 0, 25, 5]
    frame["middle"] = [10, 0, 0, 25, 0]
    frame["late"] = [10, 0, 0, 0, 5]
    frame["pattern"] = ["unclear", "unclear", "not evaluable", "bottom-up", "unclear"]
    flags = [
        "",
        "accuracy within noise of chance; layer hidden.2 constant at step 5",
        "loss not finite at step 400",
        "",
        "",
    ]
    frame["flags"] = flags
    return frame


def origins(experiments: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "experiment": experiment,
                "seed": seed,
                "wall_seconds": 10.0 + number,
                "cpu_seconds": 9.0 + number,
                "peak_memory_mb": 700,
                "commit": "0123abcd",
                "config_digest": f"digest{number}",
                "machine": "Linux x86_64",
                "python": "3.11.9",
                "versions": {"numpy": "2.4.1", "torch": "2.13.0"},
            }
            for number, (experiment, seed) in enumerate(
                zip(experiments["experiment"], experiments["seed"], strict=True)
            )
        ]
    )


def page_of(experiments: pd.DataFrame, pictures: bool = True, pages: int = 5, **options) -> str:
    figures = {name: webp() for name in STUDY} if pictures else {}
    return render(experiments, figures, origins(experiments), pages, **options)


def evidence():
    """One small table of each kind."""
    ledger = pd.DataFrame(
        {
            "claim": ["C01", "C02", "C02"], "title": ["stable", "jumps", "jumps"], "quantity": ["runs", "total", "share"],
            "published": [55, 2991, np.nan], "as_published": [55, 2991, 0.5], "repaired": [7, 7025, 0.25],
            "null": [None, "surrogates", None], "null_mean": [np.nan, 7000.0, 0.2], "null_low": [np.nan, 6800.0, np.nan],
            "null_high": [np.nan, 7200.0, np.nan], "ours": [3, 300, 0.125], "ours_low": [1.0, 250.0, 0.1],
            "ours_high": [5.0, 350.0, 0.15], "runs": [51, 51, 51], "decides": [True, True, True],
            "defect_mean": [54.5, np.nan, np.nan],
            "defect_low": [53.0, np.nan, np.nan], "defect_high": [55.0, np.nan, np.nan],
            "evidence": ["artefact", "stands", "stands"], "holds": ["undecided", "holds", "holds"],
            "parts": [json.dumps([["early", "artefact", "holds"], ["late", "artefact", "undecided"]])]
            + [json.dumps([["", "stands", "holds"]])] * 2,
            "evidence_reason": ["Constant.", "Beyond the null.", "Beyond the null."],
            "reason": ["A bound within.", "Above.", "Above."], "note": ["", None, "a note"],
        }
    )  # fmt: skip
    statistics = pd.DataFrame(
        {
            "statistic": ["jumps per layer"], "metric": ["stable_rank"], "family": ["cnn"], "value": [0.25], "low": [0.1],
            "high": [0.4], "null_mean": [0.05], "null_low": [np.nan], "null_high": [np.nan], "significant": [np.nan],
            "runs": [9], "excluded": [1],
        }
    )  # fmt: skip
    both = {
        "detector": ["a", "b"] * 2,
        "scenario": ["white noise"] * 2 + ["step"] * 2,
        "size": [np.nan] * 2 + [5.0] * 2,
    }
    validity = pd.DataFrame(both).assign(
        recall=[np.nan, np.nan, 0.995, 0.5], recall_low=[np.nan, np.nan, 0.97, 0.4], recall_high=[np.nan, np.nan, 1, 0.6],
        false_per_1000=[0.16, 46.3, 0.1, 40], false_low=[0.07, 45.3, 0, 39], false_high=[0.26, 47.3, 0.2, 41],
        affected=[0.05, 1, 0, 1], affected_low=[0.01, 0.91, 0, 0.91], affected_high=[0.17, 1, 0.09, 1],
        bound=[np.nan, np.nan, 0.998, 0.998],
    )  # fmt: skip
    verdicts = pd.DataFrame({"detector": ["a", "b"], "passes": [True, False], "reason": ["", "46.3 false jumps"]})
    agreement = pd.DataFrame({"first": ["a"], "second": ["b"], "phi": [0.137]})
    return {
        "ledger": ledger, "statistics": statistics, "validity": validity, "validity_verdicts": verdicts,
        "agreement": agreement,
    }  # fmt: skip


def inside():
    """Small tables of phase 2."""
    moments = pd.DataFrame(
        {
            "experiment": ["cnn_deep-photos"] * 2 + ["mlp_wide-digits"], "seed": 0, "family": ["cnn", "cnn", "mlp"],
            "pair": [0, 0, 0], "kind": ["jump", "control", "placebo"], "period": "early", "phase": [0.01, 0.02, 0.005],
            "before": [10, 30, 0], "at": [20, 40, 10], "after": [30, 50, 20], "layer": ["blocks.1.relu", None, None],
            "relative_magnitude": [0.25, np.nan, np.nan],
        }
    )  # fmt: skip
    measurements = pd.DataFrame(
        {
            "quantity": ["dead_units"] * 2, "family": "mlp", "phase": [0.0, 1.0], "value": [0.5, 0.75],
            "low": [0.25, np.nan], "high": [0.625, np.nan], "null_mean": [np.nan, 0.125], "experiments": [2, 2],
        }
    )  # fmt: skip
    hypotheses = pd.DataFrame(
        {
            "id": ["H2"], "family": ["cnn"], "question": ["filters differentiate"], "quantity": ["filter_overlap"],
            "periods": ["early"], "experiments": [5], "pairs": [7], "effect": [-0.5], "low": [np.nan], "high": [np.nan],
            "d_z": [-1.5], "p": [0.0625], "q": [np.nan], "placebo": [0.125], "placebo_low": [0.0], "placebo_high": [0.25],
            "placebo_experiments": [4], "placebo_p": [np.nan], "planned_power": [0.2], "detectable": [np.nan],
            "verdict": ["not enough jumps"],
            "reason": ["5 experiments have pairs, 6 are needed."],
        }
    )  # fmt: skip
    return {"moments": moments, "measurements": measurements, "hypotheses": hypotheses}


def words_of(page: Reader) -> str:
    """The words as they are read: no gap before a mark of punctuation that a tag stands before."""
    return re.sub(r" ([.,;:)])", r"\1", page.words())


def texts(table):
    return [[cell["text"] for cell in row] for row in table]
