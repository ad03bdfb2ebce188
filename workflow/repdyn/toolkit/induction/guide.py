"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "Does a head look for what followed the same token before?",
        "features",
        "unit",
        ("organisms.induction.prefix_matching", "organisms.induction.previous_token"),
        ("Prefix matching",),
        "prefix_matching",
    ),
    Question(
        "What is a layer of attention worth, beside each of its heads?",
        "causes",
        "unit",
        ("organisms.induction.accuracy_without",),
        ("Heads ablated",),
        "accuracy_without",
    ),
)
