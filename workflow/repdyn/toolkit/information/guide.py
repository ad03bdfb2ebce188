"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "Which layer holds X, as a linear read-out finds it?",
        "information",
        "layer",
        ("measures.probes.probe_accuracies", "information.bounds.fano_bound"),
        ("Linear probe", "Fano's bound"),
        "probe_accuracy",
        recipe="layers",
    ),
    Question(
        "How much do a few coordinates tell of the class, or of the input?",
        "information",
        "layer",
        ("information.neighbours.class_information", "information.neighbours.ksg", "information.neighbours.entropy"),
        ("Information on the class", "Information of continuous variables", "Entropy of classes"),
        "class_components",
    ),
)
