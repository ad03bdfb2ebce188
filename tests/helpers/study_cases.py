"""A small study as the tables of its runs, with jumps at known phases, for what the figures of all runs draw."""

import numpy as np
import pandas as pd

METRIC = "participation_ratio"
LAYERS = [f"hidden.{i}" for i in range(4)] + ["output"]
STEPS, EVERY = 2000, 5
# family -> experiments -> phases of the jumps of layer hidden.<place in the list>
JUMPS = {
    "mlp": [[0.0025, 0.005, 0.1], [0.01], []],
    "cnn": [[0.02, 0.5], [], [0.02], []],
    "transformer": [[0.9], [], []],
}
STATISTICS = {
    "jumps per layer": (0.3, 0.1, 0.5, 0.01, np.nan, np.nan),
    "|z| jumps per run": (90.0, 80.0, 100.0, 95.5, 90.0, 101.0),
    "jumps that increase": (0.4, 0.2, 0.6, 0.5, np.nan, np.nan),
    "relative magnitude of jumps": (0.25, 0.2, 0.3, np.nan, np.nan, np.nan),
    "order of settling (rho)": (0.1, -0.2, 0.3, 0.0, np.nan, np.nan),
    "layers with critical periods": (0.9, 0.8, 1.0, 0.05, np.nan, np.nan),
    "largest share of layers critical at once": (0.9, 0.85, 0.95, 0.5, 0.4, 0.6),
    "coincident critical steps / expected": (5.2, 4.6, 5.8, 1.0, np.nan, np.nan),
    "coincident within windows / expected": (1.7, 1.5, 1.9, 1.0, np.nan, np.nan),
    "critical steps with falling loss": (0.64, 0.6, 0.68, 0.5, np.nan, np.nan),
    "|correlation| with the loss": (0.25, 0.2, 0.3, 0.11, np.nan, np.nan),
}
NUMBERS = ["value", "low", "high", "null_mean", "null_low", "null_high"]
TYPES = {METRIC: {"jumps": 7, "used": 7, "k": None, "p": None, "silhouette": {}, "sizes": [], "stability": None,
                  "verdict": "too few jumps"}}  # fmt: skip


def experiments_of(jumps: dict = JUMPS) -> pd.DataFrame:
    """The table of runs; the last transformer is a run that diverged, with a jump that must not count."""
    rows = []
    for family, found in jumps.items():
        for number, phases in enumerate(found):
            rows.append({"experiment": f"{family}_{number}", "family": family, "phases": phases})
    frame = pd.DataFrame(rows, columns=["experiment", "family", "phases"])
    phases = frame.pop("phases")
    early = [sum(phase < 0.1 for phase in some) for some in phases]
    late = [sum(phase > 0.5 for phase in some) for some in phases]
    count = np.array([len(some) for some in phases], dtype=np.int64)
    return frame.assign(
        seed=0, diverged_at=np.nan, at_chance=False, steps=STEPS, last_step=STEPS, measurements=401, metric=METRIC,
        layers=len(LAYERS), layers_searched=len(LAYERS), pattern="unclear", jumps=count, jumps_null=0.05,
        early=early, middle=count - early - late, late=late, candidates=2 * count, threshold=2.0, z_jumps=90,
        z_jumps_null=95.5,
    )  # fmt: skip


def jumps_of(jumps: dict = JUMPS) -> pd.DataFrame:
    """A row per jump, of both metrics: the other one's must not count."""
    rows = [
        (f"{family}_{number}", 0, metric, layer, phase, 0.2)
        for family, found in jumps.items()
        for number, phases in enumerate(found)
        for layer, phase in enumerate(phases)
        for metric in (METRIC, "stable_rank")
    ]
    return pd.DataFrame(rows, columns=["experiment", "seed", "metric", "layer", "phase", "relative_magnitude"])


def layers_of(jumps: dict = JUMPS) -> pd.DataFrame:
    rows = [
        (f"{family}_{number}", 0, METRIC, name, True, float(place < len(phases)))
        for family, found in jumps.items()
        for number, phases in enumerate(found)
        for place, name in enumerate(LAYERS)
    ]
    return pd.DataFrame(rows, columns=["experiment", "seed", "metric", "layer", "searched", "jumps"])


def convergence_of(experiments: pd.DataFrame) -> pd.DataFrame:
    tables = [
        pd.DataFrame({"experiment": run.experiment, "seed": 0, "metric": METRIC, "depth": range(5),
                      "settled_step": [5.0, 10.0, 20.0, 40.0, np.nan]})
        for run in experiments.itertuples()
    ]  # fmt: skip
    columns = ["experiment", "seed", "metric", "depth", "settled_step"]
    return pd.concat(tables) if tables else pd.DataFrame(columns=columns)


def statistics_of(families: list[str], jumping: bool = True) -> pd.DataFrame:
    """Of each family and all; without jumps, what is a share of jumps is NaN."""
    rows = []
    for name, numbers in STATISTICS.items():
        if not jumping and ("jumps that" in name or "jumps in" in name or "of jumps" in name):
            numbers = [np.nan] * 6
        for family in (*families, "all"):
            rows.append({"statistic": name, "metric": METRIC, "family": family, **dict(zip(NUMBERS, numbers, strict=True)),
                         "significant": 0.5, "runs": 3, "excluded": 0})  # fmt: skip
    return pd.DataFrame(rows)


def numbers_of(jumping: bool = True) -> pd.DataFrame:
    """Numbers of claims: those of C03 and C04 only where there are jumps."""
    shares = {
        ("C03", "early_percent_detected"): 62.5, ("C03", "mid_percent_detected"): 25.0,
        ("C03", "late_percent_detected"): 12.5,
        ("C04", "early_percent_mlp_detected"): 75.0, ("C04", "early_percent_cnn_detected"): 60.0,
        ("C04", "early_percent_transformer_detected"): 50.0,
    }  # fmt: skip
    others = {
        ("C07", "coincidence_ratio_mlp"): 1.5, ("C07", "coincidence_ratio_cnn"): 1.6,
        ("C07", "coincidence_ratio_transformer"): 1.7, ("C07", "coincidence_ratio"): 1.72, ("C08", "excess"): 0.017,
        ("C08", "mean"): 0.64, ("C16", "cosine_100_1000_all_cnn"): 0.985,
    }  # fmt: skip
    known = {**(shares if jumping else dict.fromkeys(shares, np.nan)), **others}
    table = pd.DataFrame([(*key, value) for key, value in known.items()], columns=["claim", "quantity", "ours"])
    return table.assign(ours_low=0.9 * table["ours"], ours_high=1.1 * table["ours"], metric=METRIC)
