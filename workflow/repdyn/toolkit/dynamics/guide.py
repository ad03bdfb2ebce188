"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "How far has a representation moved from where it began?",
        "learning",
        "layer",
        ("dynamics.drift.drift",),
        ("Drift",),
        "drift_from_init",
    ),
    Question(
        "Does the dimension of a layer rise and then fall?",
        "learning",
        "layer",
        ("spectrum.leading_measures", "dynamics.hunchback.turn"),
        ("Participation ratio", "Turn of dimension"),
        "turn",
    ),
    Question(
        "When does an ability appear for good?",
        "learning",
        "training",
        ("dynamics.emergence.emergence",),
        ("Emergence",),
        "classes_emerged",
    ),
    Question(
        "Is there a jump in a training curve?",
        "learning",
        "training",
        ("dynamics.phases.change_points",),
        ("Change points",),
        "phase_p",
        recipe="jumps",
    ),
    Question(
        "Do the weights travel in a direction, or wander?",
        "learning",
        "training",
        (
            "dynamics.trajectory.displacement_gram",
            "dynamics.trajectory.path",
            "dynamics.trajectory.step_cosines",
            "dynamics.trajectory.walk_gram",
        ),
        ("Path of weights", "Cosine of steps"),
        "straightness",
    ),
)
