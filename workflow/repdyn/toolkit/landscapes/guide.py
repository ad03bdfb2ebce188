"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "Which states does a system prefer?",
        "series",
        "layer",
        ("energy.landscape.density", "energy.landscape.minima", "energy.basins.basins"),
        ("Basins of a landscape",),
        "basins",
    ),
    Question(
        "How high is the barrier between two states, and where does the way over it lead?",
        "series",
        "layer",
        ("energy.paths.lowest_path", "energy.paths.barrier", "energy.basins.crossing"),
        ("Energy landscape", "Path of least energy"),
        "barrier",
    ),
    Question(
        "Does a process tell forwards from backwards in time?",
        "series",
        "layer",
        ("energy.entropy_production.entropy_production", "energy.entropy_production.linear_production"),
        ("Entropy production", "Thermodynamic uncertainty"),
        "entropy_production",
    ),
)
