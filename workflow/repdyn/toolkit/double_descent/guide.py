"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "Does more capacity make a network worse before it makes it better?",
        "learning",
        "network",
        ("organisms.double_descent.random_feature_error",),
        ("Double descent",),
        "test_error",
    ),
)
