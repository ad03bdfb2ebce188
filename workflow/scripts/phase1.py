"""Statistics of one run: convergence, jumps and critical periods of one metric."""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from files import read_json, readable_errors, write_json, write_parquet
from repdyn.convergence import convergence_order, convergence_pattern, settling_step, stabilisation_step
from repdyn.critical import coordination, critical_steps, loss_coupling, transition_steps
from repdyn.jumps import zscore_jumps
from repdyn.series import evaluable, layer_series

EARLY, MIDDLE = 0.1, 0.5


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run; the tables are written there")
    parser.add_argument("--metric", required=True)
    parser.add_argument("--threshold", type=float, required=True, help="|z| of a difference that counts as a jump")
    parser.add_argument("--window", type=int, required=True, help="measurements of a quiet window")
    parser.add_argument("--tolerance", type=float, required=True)
    parser.add_argument("--quantile", type=float, required=True, help="of |velocity| above which a step is critical")
    arguments = parser.parse_args()
    facts = read_json(arguments.run / "run.json")
    trajectory = pd.read_parquet(arguments.run / "trajectory.parquet")
    training = pd.read_parquet(arguments.run / "training.parquet")
    steps, layers, values = layer_series(trajectory, arguments.metric)
    names = np.array(layers)
    usable = evaluable(values)

    stabilised = stabilisation_step(steps, values, arguments.window, arguments.tolerance)
    settled = settling_step(steps, values, arguments.tolerance)
    convergence = pd.DataFrame(
        {
            "layer": layers,
            "depth": range(len(layers)),
            "evaluable": usable,
            "stabilised_step": stabilised,
            "settled_step": settled,
        }
    )
    jumps = zscore_jumps(steps, values, arguments.threshold, total_steps=facts["steps"])
    jumps["layer"] = names[jumps["layer"]]
    critical = critical_steps(values, arguments.quantile)
    transitions = transition_steps(values, arguments.quantile)
    periods = pd.concat(
        [periods_of(critical, steps[1:], names, "critical"), periods_of(transitions, steps[2:], names, "transition")]
    )

    rho, p = convergence_order(np.arange(len(layers)), settled)
    early, middle = (jumps["phase"] < EARLY).sum(), ((jumps["phase"] >= EARLY) & (jumps["phase"] <= MIDDLE)).sum()
    together = coordination(critical, usable)
    coupling = loss_coupling(critical, training["probe_loss"].to_numpy())
    summary = {
        "metric": arguments.metric,
        "layers": len(layers),
        "layers_evaluable": int(usable.sum()),
        "jumps": len(jumps),
        "jumps_per_layer": len(jumps) / usable.sum() if usable.any() else None,
        "early": int(early),
        "middle": int(middle),
        "late": int(len(jumps) - early - middle),
        "rho": rho,
        "pattern": convergence_pattern(rho, p),
        "critical": int(critical.sum()),
        "transitions": int(transitions.sum()),
        "coordination": float(together.max()),
        "loss_coupling": float(np.nanmean(coupling)) if usable.any() else None,
        "loss_falls": float((np.diff(training["probe_loss"]) < 0).mean()),
    }
    write_parquet(arguments.run / "convergence.parquet", convergence)
    write_parquet(arguments.run / "jumps.parquet", jumps)
    write_parquet(arguments.run / "critical.parquet", periods)
    write_json(arguments.run / "phase1.json", summary)


def periods_of(flags: np.ndarray, steps: np.ndarray, names: np.ndarray, kind: str) -> pd.DataFrame:
    """One row per flagged step and layer; flags (T, L)."""
    when, layer = np.nonzero(flags)
    return pd.DataFrame({"layer": names[layer], "step": steps[when], "kind": kind})


if __name__ == "__main__":
    with readable_errors():
        main()
