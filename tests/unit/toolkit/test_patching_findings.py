"""What the page says of patching, on tables with a known answer."""

import re

import numpy as np
import pandas as pd

from repdyn.toolkit.patching.findings import found, limits, sentence


def planted(excess, share, runs=5):
    """A table of runs whose units carry `excess` more than random ones, and whose circuits need `share` of the nodes."""
    rows = []
    noise = np.random.default_rng(0).standard_normal(runs) * 0.02
    for run in range(runs):
        for step, rise in ((0, 0.0), (2000, 1.0)):
            rows += [
                (run, step, "", "pairs", 32, np.nan, np.nan),
                (run, step, "", "span", 5, np.nan, np.nan),
                (run, step, "hidden.0", "top_denoising", 0.1 + rise * excess + noise[run], 0.1, 0.05),
                (run, step, "hidden.0", "top_noising", 0.25, 0.1, 0.05),
                (run, step, "hidden.0", "component_denoising", 0.3 + noise[run], 0.3, 0.05),
                (run, step, "", "attribution_rho", 0.8, 0, 0.1),
            ]
        rows.append((run, 2000, "", "circuit_share", share + noise[run], 0.9, 0.05))
    table = pd.DataFrame(rows, columns=["run", "step", "layer", "quantity", "value", "null_mean", "null_sd"])
    table["experiment"] = [f"mlp{run}-digits" for run in table.pop("run")]
    return table.assign(seed=0, unit=pd.NA)


def test_it_says_what_is_there():
    units, circuits = found(planted(0.4, 0.3))
    assert units.startswith("5 runs, each with 32 held-out pairs of two classes.")
    assert "carried over R = 0.50 of the difference between the classes, random sets of units 0.10" in units
    assert re.search(r"a difference of 0\.\d\d \(0\.3\d to 0\.4\d; 5 runs\); more\.", units)
    assert "noising, they carry over 0.25." in units
    assert "changed by 0.40" in units and "a rise." in units
    assert re.search(r"random directions 0\.30: a difference of [-0.]+\d+ \(.*?\); undecided\.", units)
    assert "from 0.30 of the nodes on, random circuits from 0.90" in circuits
    assert "; fewer. It is more than two deviations of random orders in 5 of 5 runs." in circuits
    assert "of 0.80 to 0.80" in circuits and "Greedy" not in circuits
    assert "neither says why" in limits(planted(0.4, 0.3))
    assert sentence(planted(0.4, 0.3)) == (
        "The tenth of a layer's units that attribution puts first carries more of the difference between two classes than a"
        " random tenth (in 5 of 5 runs); a circuit that gives the network's answer needs fewer nodes than one grown in"
        " random order (in 5 of 5 runs)."
    )


def test_it_stays_quiet_on_nothing_and_on_too_few_runs():
    units, circuits = found(planted(0.0, 0.9))
    assert sentence(planted(0.0, 0.9)).count("is undecided") == 2
    assert "more." not in units and "a rise." not in units and units.count("undecided") == 4
    assert "; undecided. It is more than two deviations of random orders in 0 of 5 runs." in circuits
    units, circuits = found(planted(0.4, 0.3, runs=2))
    assert units.count("too few for an interval") == 4 and units.count("undecided") == 4
    assert "; undecided." in circuits


def test_it_says_what_is_not_defined():
    table = planted(0.4, 0.3)
    table.loc[(table["step"] == 0) & table["quantity"].str.startswith(("top", "component")), ["value", "null_mean"]] = (
        np.nan
    )
    table.loc[table["quantity"] == "circuit_share", "value"] = np.nan
    missing = table[(table["experiment"] != "mlp0-digits") | (table["quantity"] == "pairs")]
    missing = missing.assign(value=missing["value"].mask((missing["experiment"] == "mlp0-digits"), 3))
    units, circuits = found(missing)
    assert "whether a circuit that gives the network's answer needs fewer nodes" in sentence(missing)
    assert sentence(missing).endswith("is not evaluable.")
    assert units.startswith(
        "4 runs, each with 32 held-out pairs of two classes; not evaluable in 1 run for want of pairs."
    )
    assert units.count("at initialisation, R is defined in no run") == 2
    assert circuits.startswith("No circuit could be judged")
