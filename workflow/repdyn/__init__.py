"""How the representations of a neural network change while it learns: functions on arrays, modules and frames.

    tracker = repdyn.Tracker(model, probe)  # any torch module
    ...                                     # tracker.measure(step) in the training loop
    tracker.trajectory                      # a row per step and layer
    tracker.statistics()                    # convergence, jumps, critical steps

The names below and the packages load when they are first used. What is re-exported here is not seen by the search for
what a step of the workflow runs, which keeps a step from depending on all of it: steps import from the modules themselves.
`__init__.pyi` says the same to type checkers.
"""

from importlib import import_module

# Public name: the module that defines it.
_HOMES = {
    "StudyError": "errors",
    "Tracker": "tracking.tracker",
    "full_measures": "spectrum",
    "leading_measures": "spectrum",
    "Phase1": "study.phase1",
    "Settings": "study.phase1",
    "analyse": "study.phase1",
    "stabilisation_step": "timeseries.convergence",
    "settling_step": "timeseries.convergence",
    "convergence_order_test": "timeseries.convergence",
    "critical_steps": "timeseries.critical_steps",
    "transition_steps": "timeseries.critical_steps",
    "coordination_test": "timeseries.coordination",
    "loss_coupling_test": "timeseries.loss_coupling",
    "zscore_jumps": "timeseries.jumps",
    "benjamini_hochberg": "statistics.fdr",
    "mean_interval": "statistics.intervals",
}
_PACKAGES = (
    "activations", "alignment", "attribution", "audit", "biophysics", "calibration", "callbacks", "circuits", "datasets",
    "detectors", "dynamical_systems", "dynamics", "energy", "figures", "fractals", "geometry", "information",
    "interventions", "measures", "models", "organisms", "recurrent", "report", "roles", "sparse_autoencoders", "statistics",
    "study", "timeseries", "toolkit", "topology", "tracking", "training", "wording",
)  # fmt: skip

__all__ = [*_HOMES, *_PACKAGES]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"repdyn.{_HOMES[name]}"), name)
    if name in _PACKAGES:
        return import_module(f"repdyn.{name}")
    raise AttributeError(f"repdyn has no {name!r}; it has {', '.join(__all__)}.")


def __dir__() -> list[str]:
    return sorted(__all__)
