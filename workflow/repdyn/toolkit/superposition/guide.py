"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "How many features fit into a few units?",
        "features",
        "network",
        ("organisms.superposition.fitted_toy", "organisms.superposition.stored_features"),
        ("Superposition",),
        "stored_features",
    ),
    Question(
        "At which angles do features lie that share two units?",
        "features",
        "direction",
        ("organisms.superposition.gaps",),
        ("Angles of features",),
        "least_gap",
    ),
)
