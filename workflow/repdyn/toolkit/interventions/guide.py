"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "What is a unit, a head or a layer worth to the answer?",
        "causes",
        "unit",
        ("interventions.ablation.effects", "interventions.ablation.over_examples"),
        ("Ablation",),
        "unit_resample_loss",
    ),
    Question(
        "How is the worth of units shared out where they back each other up?",
        "causes",
        "unit",
        ("interventions.unit_sets.shapley",),
        ("Shapley values of units",),
        "unit_shapley",
    ),
    Question(
        "How does a logit respond when a unit is set to a value?",
        "causes",
        "unit",
        ("interventions.dose_response.do_response", "interventions.dose_response.slopes"),
        ("Do-response",),
        "do_slope",
    ),
    Question(
        "Does a push along a direction change the answer?",
        "causes",
        "direction",
        ("interventions.steering.mean_difference", "interventions.steering.steered"),
        ("Steering",),
        "steering_shift",
    ),
)
