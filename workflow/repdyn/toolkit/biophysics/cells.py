"""Cells and synapses that draw nothing: rates, step sizes, and what use does to a synapse."""

import numpy as np

from repdyn.biophysics.hodgkin_huxley import hodgkin_huxley
from repdyn.biophysics.integrate_and_fire import constant_rate, integrate_and_fire
from repdyn.biophysics.izhikevich import KINDS, STEP, izhikevich
from repdyn.biophysics.plasticity import efficacies, steady_efficacy
from repdyn.biophysics.spikes import firing_rates, irregularity
from repdyn.measures.table import entry

LEAKY_CURRENTS = np.array([0.5, 0.9, 1.05, 1.2, 1.5, 2.0, 3.0, 4.0])  # thresholds
AXON_CURRENTS = np.array([0.0, 4.0, 6.0, 6.5, 7.0, 8.0, 10.0, 15.0])  # uA / cm2
DRIVE = 10.0  # of Izhikevich's cells
STEPS = (0.5, 0.25, 0.1)  # ms; the first as published
SHOWN, EVERY = 200.0, 0.2  # ms of the traces that are drawn, and between their points
USED = np.geomspace(1, 100, 13)  # Hz
# U, recovery and facilitation (ms) of Tsodyks, Pawelzik & Markram 1998, rounded.
SYNAPSES = {"depressing": (0.5, 800.0, 1e-3), "facilitating": (0.05, 100.0, 1000.0)}


def cells() -> tuple[list, dict[str, np.ndarray]]:
    """Entries of `measures.table.combine` and arrays for the figure; quantities as in `measure`."""
    leaky = firing_rates(integrate_and_fire(np.tile(LEAKY_CURRENTS, (30_000, 1)), 0.01).spikes, 0.01)
    # The first spikes of an axon do not say that it goes on.
    axon = firing_rates(hodgkin_huxley(np.tile(AXON_CURRENTS, (20_000, 1)), 0.02).spikes, 0.02, 150)
    rates, trace = _izhikevich(STEP)
    entries = [entry(0, "integrate-and-fire", "cell_rate", leaky), entry(0, "axon", "cell_rate", axon)]
    errors = np.array([100 * (_izhikevich(step)[0] / rates - 1) for step in STEPS])
    for number, kind in enumerate(KINDS):
        entries.append(entry(0, kind, "step_error", errors[:, number]))
        settled = trace.spikes[round(200 / STEP) :, number : number + 1]
        entries.append(entry(0, kind, "irregularity", irregularity(settled, STEP)[0]))
    shown = slice(0, round(SHOWN / STEP), round(EVERY / STEP))
    maps = {
        "leaky_currents": LEAKY_CURRENTS, "leaky_rates": leaky, "leaky_formula": constant_rate(LEAKY_CURRENTS),
        "axon_currents": AXON_CURRENTS, "axon_rates": axon, "traces": np.ascontiguousarray(trace.voltage[shown].T),
        "used": USED,
    }  # fmt: skip
    for name, constants in SYNAPSES.items():
        maps[f"released/{name}"] = np.array([efficacies(np.arange(300) * 1000 / rate, *constants)[-1] for rate in USED])
        maps[f"formula/{name}"] = steady_efficacy(USED, *constants)
    return entries, maps


def _izhikevich(step: float):
    """Rates (kinds,) after 200 of 1,000 ms under DRIVE, and the trace."""
    trace = izhikevich(np.full((round(1000 / step), len(KINDS)), DRIVE), list(KINDS), step)
    return firing_rates(trace.spikes, step, 200), trace
