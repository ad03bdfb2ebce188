"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "Does a network learn by heart first and the rule later?",
        "learning",
        "training",
        ("organisms.grokking.modular_addition", "organisms.grokking.first_step"),
        ("Grokking",),
        "held_out_accuracy",
    ),
    Question(
        "Does an embedding of numbers lie on circles?",
        "features",
        "layer",
        ("organisms.grokking.frequency_share",),
        ("Frequencies of an embedding",),
        "frequency_share",
    ),
    Question(
        "How many directions of a minimum does the loss feel?",
        "learning",
        "network",
        ("dynamics.learning_coefficient.learning_coefficient",),
        ("Learning coefficient",),
        "learning_coefficient",
    ),
)
