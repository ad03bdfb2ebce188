"""What the page says of interventions, on tables with a known answer."""

import numpy as np
import pandas as pd

from repdyn.measures.table import combine, entry
from repdyn.toolkit.interventions.findings import compare, found, limits, sentence


def planted(effect, runs=4, sd=0.1):
    """A table of runs whose values lie `effect` null deviations above their null, by a tenth more in each run."""
    tables = []
    for run in range(runs):
        entries = []
        for step, size in ((0, 0.0), (40, effect)):
            for layer in ("hidden.0", "hidden.1"):

                def put(name, units=None, size=size, run=run, layer=layer, step=step):
                    value = 0.2 + size * sd * (1 + run / 10)
                    value = value if units is None else np.full(units, value)
                    return entry(step, layer, name, value, 0.2, sd)

                entries += [put(f"ranked_set_{name}", 5) for name in ("loss", "accuracy", "interaction")]
                for name in ("zero_mean_rho", "zero_resample_rho", "mean_resample_rho", "split_rho", "do_slope"):
                    entries.append(put(name))
                entries += [put(f"steering_{name}") for name in ("shift", "success", "cost")]
                entries += [put("greedy_set_loss"), put("unit_shapley", 5)] if step else []
                entries += [put("unit_resample_loss", 5), put("attention_loss"), put("feedforward_loss")]
                entries += [put("head_loss", 4), put("earlier_unit_loss", 3)]
        tables.append(combine(entries).assign(experiment=f"a{run}", seed=0))
    return pd.concat(tables, ignore_index=True)


def test_findings_count_what_is_planted():
    first, missed, second, third = found(planted(6.0))
    assert "40 of 40 have a Shapley value beyond random signs" in first
    assert "unit that costs most alone in 8 of 8 layers" in first
    assert "rose beyond random signs in 8 of 8 layers, in nats on average by +0.69 (+0.57 to +0.81; above 0);" in missed
    assert "One head alone did so in 32 of 32 cases" in missed
    assert "before the last, 24 of 24 raise it alone (by chance 2.3 %), on average by +0.6900" in missed
    assert "random sets of as many in 8 of 8 layers at the end" in first
    assert "and in 0 of 8 layers at initialisation" in first
    # 0.6, 0.66, 0.72, 0.78 over the null; Student interval of four runs.
    assert "over 4 runs at the end +0.69 (+0.57 to +0.81; above 0)" in first
    assert "than random sets in 8 of 8 layers that are small enough to try" in first
    assert "of that size in 0 of 8" in first
    assert (
        "beyond permuted units in 8 of 8 layers, reversed in 0; at initialisation +0.00 (+0.00 to +0.00; undecided)"
        in second
    )
    assert "equal length in 8 of 8 layers at the end and 0 of 8 layers at initialisation" in third
    assert "lost 0.89 of their accuracy, under random directions 0.20" in third
    assert sentence(planted(6.0)) == (
        "The quarter of a layer's units that ranks first is worth more accuracy than a random quarter (in 4 of 4 runs);"
        " examples of one class, pushed along its difference to another, are read as that more often than under random"
        " pushes (in 4 of 4 runs)."
    )
    assert "One pair of classes" in limits(planted(6.0))


def test_findings_stay_quiet_on_a_null_and_say_what_is_too_few():
    paragraphs = found(planted(0.0))
    assert "in 0 of 8 layers at the end" in paragraphs[0] and "undecided" in paragraphs[0]
    assert "8 of 8 layers" not in " ".join(paragraphs[1:]) and "above 0" not in " ".join(paragraphs)
    assert sentence(planted(0.0)).count("is undecided (it is so in 0 of 4 runs)") == 2
    few = found(planted(5.0, runs=2))
    assert "in 2 runs, too few for an interval: undecided" in few[0]
    nothing = planted(5.0)
    nothing["value"] = np.nan
    assert found(nothing) == ["Nothing was evaluable: no network has units to intervene on."]
    below = compare(planted(-5.0), "steering_success")
    assert (below.above, below.below, below.layers) == (0, 8, 8) and below.high < 0


def test_two_seeds_of_an_experiment_are_runs_of_their_own():
    table = pd.concat([planted(5.0, runs=2), planted(5.0, runs=2).assign(seed=1)])
    assert compare(table, "do_slope").runs == 4
    assert "(in 4 of 4 runs)" in sentence(table)
