"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "What does a recurrent network know when it is asked at the end of a sequence?",
        "recurrent",
        "layer",
        ("recurrent.asked.questions", "measures.probes.probe_accuracies"),
        ("Question at the end",),
        "probe_accuracy",
    ),
)
