"""A study in tables for tests of the integrated report and of what is written from it."""

import math

import numpy as np
import pandas as pd
import yaml

from helpers.project import ROOT
from repdyn.audit import seed_agreement as agreement_of_seeds
from repdyn.audit.columns import OURS
from repdyn.audit.ledger import with_ours
from repdyn.audit.verdict_errors import COLUMNS
from repdyn.report.integrated import document
from repdyn.study.findings.answers import Answer, judge

CLAIMS = yaml.safe_load((ROOT / "config/claims.yaml").read_text(encoding="utf-8"))
FAMILY = {
    "mlp_wide-digits": "mlp",
    "mlp_wide-glyphs": "mlp",
    "cnn_deep-photos": "cnn",
    "transformer_deep-digits": "transformer",
}


def experiments() -> pd.DataFrame:
    """Four runs: one diverged, one ended at chance with two flags."""
    return pd.DataFrame(
        {
            "experiment": list(FAMILY),
            "architecture": [name.partition("-")[0] for name in FAMILY],
            "dataset": [name.partition("-")[2] for name in FAMILY],
            "seed": 0,
            "family": list(FAMILY.values()),
            "steps": 2000,
            "chance": 0.1,
            "test_accuracy": [0.91, 0.12, np.nan, 0.123456789],
            "diverged_at": [None, None, 400, None],
            "at_chance": [False, True, False, False],
            "metric": "participation_ratio",
            "candidates": [5, 0, 2, 1],
            "jumps": [3, 0, 0, 1],
            "jumps_per_layer": [0.75, 0.0, np.nan, 1 / 3],
            "early": [2, 0, 0, 1],
            "middle": [1, 0, 0, 0],
            "late": 0,
            "pattern": ["unclear", "unclear", "not evaluable", "bottom-up"],
            "final_participation_ratio": [12.25, 3.5, np.nan, 20.125],
            "final_stable_rank": [6.0, 2.0, np.nan, 10.0],
            "flags": ["", "accuracy within noise of chance; layer hidden.2 constant at step 5", "loss not finite", ""],
        }
    )


def ledger() -> pd.DataFrame:
    """The published ledger with numbers of ours for three claims."""
    ours = pd.DataFrame(
        [
            ("C01", "stable_percent", 12.5, 3.25, 21.75, 55, 4.6, 54.0, ""),
            ("C02", "total_detected", 116.0, 78.0, 173.0, 55, 0.2, 54.0, "log"),
            ("C03", "early_percent_detected", 94.8, 90.7, 97.8, 55, 1.8, 54.0, ""),
            ("C05", "types_found_detected", 2.0, np.nan, np.nan, 55, np.nan, np.nan, ""),
        ],
        columns=OURS,
    )
    return with_ours(pd.read_csv(ROOT / "data/published/ledger.csv"), ours, CLAIMS)


def verdict_errors() -> pd.DataFrame:
    """A rule that can decide with five seeds, one that has nothing to draw from, of two metrics."""
    table = pd.DataFrame(
        [
            ("C03", "early", 5, "as published", 0.95, 0.0, 0.05, 0.95, 0.0, 0.07, True, 0.94, 125, True, ""),
            ("C03", "early", 5, "half", 0.02, 0.03, 0.95, np.nan, 0.05, 0.07, True, 0.96, 125, True, ""),
            ("C10", "", 5, "as published", *[np.nan] * 6, False, np.nan, 0, True, "nothing to draw from"),
        ],
        columns=COLUMNS,
    )
    return pd.concat([table.assign(metric=metric) for metric in ("participation_ratio", "stable_rank")])


def tables() -> dict[str, pd.DataFrame]:
    statistics = pd.DataFrame(
        {
            "statistic": ["jumps per layer", "|z| jumps per run"],
            "metric": "participation_ratio",
            "family": ["mlp", "all"],
            "value": [0.2618, 19.6],
            "low": [np.nan, 1.55],
            "high": [np.nan, 37.6],
            "null_mean": [0.0133, 17.7],
            "null_low": [np.nan, 12.5],
            "null_high": [np.nan, 22.1],
            "significant": [np.nan, 0.25],
            "runs": [1, 2],
            "excluded": [1, 2],
        }
    )
    validity = pd.DataFrame(
        {
            "detector": ["levelshift", "zscore"] * 2,
            "scenario": ["white noise"] * 2 + ["step in white noise"] * 2,
            "kind": ["null"] * 2 + ["step"] * 2,
            "size": [np.nan, np.nan, 5.0, 5.0],
            "draws": 40,
            "false_per_1000": [0.0625, 45.4375, 0.0, 41.0],
            "false_low": [0.0, 42.9, 0.0, 40.0],
            "false_high": [0.19, 47.9, 1.5, 42.0],
            "affected": [0.025, 1.0, 0.0, 1.0],
            "affected_low": [0.0, 0.91, 0.0, 0.91],
            "affected_high": [0.13, 1.0, 0.09, 1.0],
            "bound": [np.nan, np.nan, 0.998, 0.998],
            "recall": [np.nan, np.nan, 0.975, 0.5],
            "recall_low": [np.nan, np.nan, 0.87, 0.35],
            "recall_high": [np.nan, np.nan, 0.99, 0.65],
        }
    )
    verdicts = pd.DataFrame(
        {
            "detector": ["levelshift", "zscore"],
            "passes": [True, False],
            "failed": ["", "white noise"],
            "reason": ["", "45.4 false jumps per 1,000 points of white noise, at most 1 allowed"],
        }
    )
    agreement = pd.DataFrame(
        {"first": ["levelshift"], "second": ["zscore"], "phi": [0.17676], "phi_exact": [np.nan], "series": [40]}
    )
    hypotheses = pd.DataFrame(
        {
            "id": ["H1", "H4"],
            "family": ["transformer", "mlp"],
            "question": ["Does attention focus at jumps?", "Are early jumps an escape | from initialisation?"],
            "quantity": ["attention_entropy", "subspace_overlap"],
            "experiments": [12, 0],
            "effect": [-0.0421, np.nan],
            "low": [-0.06, np.nan],
            "high": [-0.02, np.nan],
            "d_z": [-0.8, np.nan],
            "p": [0.001, np.nan],
            "q": [0.004, np.nan],
            "placebo": [-0.001, 0.002],
            "placebo_low": [-0.01, np.nan],
            "placebo_high": [0.01, np.nan],
            "placebo_p": [0.03, np.nan],
            "planned_power": [0.45, 0.2],
            "power": [0.4, np.nan],
            "detectable": [1.2, np.nan],
            "verdict": ["supported", "not enough jumps"],
            "reason": ["effect -0.0421.", "Experiments with a jump: 0; 6 are needed."],
        }
    )
    measurements = pd.DataFrame(
        {
            "quantity": ["zero_share", "zero_share"],
            "family": "mlp",
            "phase": [0.0, 1.0],
            "value": [0.5, 0.4321],
            "low": [np.nan, 0.4],
            "high": [np.nan, 0.5],
            "null_mean": np.nan,
            "experiments": [2, 2],
        }
    )
    moments = pd.DataFrame(
        {
            "experiment": ["mlp_wide-digits"] * 3 + ["transformer_deep-digits"],
            "seed": 0,
            "family": ["mlp"] * 3 + ["transformer"],
            "kind": ["jump", "control", "jump", "jump"],
            "period": ["early", "early", "middle", "early"],
        }
    )
    return {
        "ledger": ledger(),
        "verdict_errors": verdict_errors(),
        "seed_agreement": seed_agreement(),
        "statistics": statistics,
        "validity": validity,
        "validity_verdicts": verdicts,
        "agreement": agreement,
        "findings": findings(),
        "finding_layers": pd.DataFrame({"start": [4.0, 2.0], "minimum": [1.0, 1.0], "end": [2.0, 1.5]}),
        "hypotheses": hypotheses,
        "measurements": measurements,
        "moments": moments,
    }


def findings() -> pd.DataFrame:
    """An answer that is shown, one that is not, and one that is not evaluable."""
    shown = Answer(
        "early", "step 200, across datasets", "rank correlation with the end", "rank correlation (-1 to 1)", "layer", 12, 4,
        4, 0.8125, 0.5, 0.9, "final dimensions traded between datasets", -0.012, -0.5, 0.45, 0.008,
    )  # fmt: skip
    dips = shown._replace(
        finding="regrowth", subject="all families", says="share of layers that dip", unit="share of layers (0 to 1)",
        value=0.25, low=0.0, high=0.6, null="level of the test of each layer", null_mean=0.05, null_low=np.nan,
        null_high=np.nan, p=0.2, more="Any minimum between start and end, which noise gives too: 95 % of the layers.",
    )  # fmt: skip
    accuracy = Answer(
        "accuracy", "across seeds", "rank correlation", "rank correlation (-1 to 1)", "run", why="one seed"
    )
    return judge([dips, shown, accuracy], 0.05).assign(metric="participation_ratio", excluded=2)


def seed_agreement() -> pd.DataFrame:
    """Three seeds: each alone, and each pair of them, agree, but for single seeds on the second claim."""
    whole = ledger().drop_duplicates("claim").set_index("claim")["holds"].to_dict()
    words = [(claim, seeds, len(seeds.split()), word) for claim, word in whole.items() for seeds in SEED_SETS]
    table = pd.DataFrame(words, columns=agreement_of_seeds.COLUMNS)
    second = list(whole)[1]
    table.loc[(table["claim"] == second) & (table["number"] == 1), "holds"] = "holds"
    return agreement_of_seeds.summarise(table, whole)


SEED_SETS = ("0", "1", "2", "1 2", "0 2", "0 1")

TYPES = {
    "participation_ratio": {
        "jumps": 4,
        "k": 2,
        "p": 0.01,
        "sizes": [3, 1],
        "stability": math.nan,
        "verdict": "two types",
    }
}


def origins(seconds: float = 1.0) -> list[dict]:
    return [
        {
            "experiment": name,
            "seed": 0,
            "stage": stage,
            "commit": "0123456789ab",
            "config_digest": f"{number:016x}",
            "versions": {"numpy": "2.4.6"},
            "python": "3.11.9",
            "machine": "Linux x86_64",
            "wall_seconds": seconds * number,
            "cpu_seconds": seconds,
            "peak_memory_mb": seconds,
        }
        for number, name in enumerate(FAMILY)
        for stage in ("training", "phase2")
    ]


PLANNED = [(name, 0) for name in FAMILY]


def integrated() -> dict:
    """The document of this study."""
    return document(experiments(), tables(), TYPES, CLAIMS, origins(), PLANNED)
