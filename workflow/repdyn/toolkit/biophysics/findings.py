"""What was found with constraints from biology and without: every number and word from the table."""

from functools import partial

import pandas as pd

from repdyn.dynamics.hunchback import sign_test
from repdyn.figures.panels import RUN
from repdyn.toolkit.biophysics.edges import circuits, clause
from repdyn.toolkit.over_runs import difference, from_to, joined, told
from repdyn.wording.numbers import plural, short, two_decimals

_interval, _told = partial(difference, "biophysics"), partial(told, "biophysics")
NOTHING = "No cell and no network was made."
# {name: (quantity, layer with the constraint, layer without it)}
COMPARED = {
    "spiking": ("accuracy", "spiking", "free"),
    "dale": ("accuracy", "dale", "free"),
    "prior": ("error", "spectral", "norm"),
}
# {name: (what is said, of a gain above 0, of one below)}
SAID = {
    "spiking": ("cells that spike make a network right {}", "more often", "less often"),
    "dale": ("Dale's law makes it right {}", "more often", "less often"),
    "prior": ("states drawn to a spectrum of 1/f predict {} than under a matched penalty", "worse", "better"),
}


def sentence(table: pd.DataFrame) -> str:
    """Whether each constraint helps, by seeds."""
    if table.empty:
        return NOTHING
    spiking, dale, prior = (_told(gain(table, name), name, *words) for name, words in SAID.items())
    return joined(spiking, f"{dale}, and {clause(table)}", prior)


def limits(_table: pd.DataFrame) -> str:
    """What a few small networks cannot say."""
    return (
        "The networks have as many parameters and updates, not as much computation: one that spikes takes 25 steps for an"
        " answer. They are small, learn one task each, and are compared after as few updates as make them right on most"
        " digits; a constraint may help or harm elsewhere. Who excites and who inhibits is given to them, not learnt: the"
        " circuits tell how strong edges are, by their medians. Nothing here was compared with a brain."
    )


def found(table: pd.DataFrame) -> list[str]:
    """Paragraphs on cells, synapses, networks that learn digits, their circuits, and the prior on spectra."""
    if table.empty:
        return [NOTHING]
    return [_cells(table), _synapses(table), _digits(table), circuits(table), _spikes(table), _prior(table)]


def gain(table: pd.DataFrame, name: str) -> pd.Series:
    """By run: accuracy with a constraint of COMPARED above that without it, in percentage points; error, in per cent."""
    quantity, constrained, free = COMPARED[name]
    found, beside = values(table, quantity, constrained), values(table, quantity, free)
    return 100 * (found / beside - 1) if quantity == "error" else 100 * (found - beside)


def values(table: pd.DataFrame, quantity: str, layer: str = "", column: str = "value") -> pd.Series:
    """A quantity by run."""
    rows = table[(table["quantity"] == quantity) & (table["layer"].astype(str) == layer)]
    return rows.set_index(RUN)[column]


def _cells(table: pd.DataFrame) -> str:
    errors = table[table["quantity"] == "step_error"]
    if errors.empty:
        return "Cells were not simulated: they draw nothing and stand with seed 0."
    published = errors[errors["unit"] == 0].set_index("layer")["value"]
    worst = published.abs().idxmax()
    bursts = table[table["quantity"] == "irregularity"].set_index("layer")["value"]
    regular = ", ".join(f"{name} {two_decimals(value)}" for name, value in bursts.items())
    rates = table[(table["quantity"] == "cell_rate") & (table["layer"].astype(str) == "axon")].sort_values("unit")[
        "value"
    ]
    first = rates[rates > 0]
    onset = f"starts at {short(first.iloc[0])} Hz, not from 0" if len(first) else "does not fire"
    return (
        f"With the step that Izhikevich published, .5 ms, rates of his cells are off by {from_to(published)} % (most of"
        f" {worst} ones), against steps of .02 ms. Variation of the intervals between spikes: {regular} (a clock has 0,"
        f" chance 1). Under rising currents the axon {onset}."
    )


def _synapses(table: pd.DataFrame) -> str:
    favoured = values(table, "favoured")
    if favoured.dropna().empty:
        return "Whether synapses that are active together win is not evaluable."
    return (
        f"Of {plural(len(favoured), 'cell')} whose synapses change by the times of spikes: those active together end"
        f" stronger than the others by {_interval(favoured, 'favoured')} of the strongest weight; in a cell that fires"
        f" whatever comes in, by {_interval(values(table, 'favoured', column='null_mean'), 'favoured null')}."
    )


def _digits(table: pd.DataFrame) -> str:
    means = ", ".join(
        f"{name} {_interval(values(table, 'accuracy', layer), f'accuracy {layer}')}"
        for name, layer in (
            ("ReLU units", "free"),
            ("cells that spike", "spiking"),
            ("Dale's law", "dale"),
            ("a recurrent network under Dale's law", "recurrent"),
        )
    )
    signs = values(table, "one_sign", "dale"), values(table, "one_sign", "dale", "null_mean")
    return (
        f"Accuracy on held-out digits: {means}. In percentage points above ReLU units: cells that spike"
        f" {_against(gain(table, 'spiking'), 'spiking gain')}; Dale's law {_against(gain(table, 'dale'), 'dale gain')}."
        f" Units and pixels that send weights of one sign: {from_to(100 * signs[0])} % under the law,"
        f" {from_to(100 * signs[1])} % without it."
    )


def _spikes(table: pd.DataFrame) -> str:
    kept = 100 * (values(table, "reordered_accuracy", "spiking") - values(table, "accuracy", "spiking"))
    spikes, before = (100 * values(table, "spikes", "spiking", column) for column in ("value", "null_mean"))
    silent = 100 * values(table, "silent", "spiking")
    return (
        f"The spiking networks: {_interval(spikes, 'spikes')} % of the cells fire in a step ({from_to(before)} % before"
        f" training), and {from_to(silent)} % never do. With each cell's spikes at other times, as many as before, the"
        f" accuracy changes by {_interval(kept, 'reordered')} percentage points: how far it rests on when they fire."
    )


def _prior(table: pd.DataFrame) -> str:
    slopes = {name: values(table, "states_exponent", name) for name in ("none", "norm", "spectral")}
    return (
        "Prediction of sines and 1/f noise: states have a spectrum of f^-b with b ="
        f" {_interval(slopes['none'], 'b none')} without a penalty, {_interval(slopes['norm'], 'b norm')} with one on their"
        f" size, {_interval(slopes['spectral'], 'b spectral')} with the one that asks for 1. Error with the last, in per"
        f" cent above that with the matched penalty: {_against(gain(table, 'prior'), 'prior gain')}; above that without any:"
        f" {_interval(_over_none(table), 'prior none')}."
    )


def _over_none(table: pd.DataFrame) -> pd.Series:
    none = values(table, "error", "none")
    return 100 * (values(table, "error", "spectral") / none - 1)


def _against(differences: pd.Series, name: str) -> str:
    """A difference with its interval and an exact sign test over seeds, and the least p that so many seeds can give."""
    test = sign_test(differences.to_numpy(float))
    seeds = test.up + test.down
    if not seeds:
        return _interval(differences, name)
    least = min(1.0, 2 * 0.5**seeds)
    return (
        f"{_interval(differences, name)}, above 0 in {test.up} of {plural(seeds, 'seed')} that differ (sign test: p ="
        f" {short(test.p)}; no less than {short(least)} with so many)"
    )
