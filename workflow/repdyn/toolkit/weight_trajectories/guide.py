"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "What does the path of the weights of a recurrent network look like?",
        "learning",
        "training",
        ("dynamics.embedded_path.embedded_path", "dynamics.trajectory.path"),
        ("Picture of a path", "Path of weights"),
        "picture_trust",
    ),
    Question(
        "What are a gate, the recurrence or a unit worth?",
        "recurrent",
        "unit",
        (
            "recurrent.gates.gate_values",
            "recurrent.ablations.with_gate_held",
            "recurrent.ablations.without_recurrence",
            "recurrent.ablations.resampled",
        ),
        ("Gates", "Gate held at its mean", "Recurrence removed", "Unit resampled"),
        "loss_increase",
    ),
    Question(
        "Which variables of a task do the states of a recurrent network hold?",
        "recurrent",
        "unit",
        ("recurrent.probes.probed_by_trial", "information.units.information_map"),
        ("Probe by trial", "Information of units"),
        "unit_information",
    ),
)
