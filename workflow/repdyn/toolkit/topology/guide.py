"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "Does a cloud of activations have a loop?",
        "shape",
        "layer",
        ("topology.homology.diagrams", "topology.bands.band", "topology.bands.betti"),
        ("Betti number with a band", "Persistence"),
        "longest_1",
    ),
    Question(
        "Does a cloud of activations fall into clusters?",
        "shape",
        "layer",
        ("topology.joins.joins",),
        ("Late joins",),
        "longest_0",
    ),
)
