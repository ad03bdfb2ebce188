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
    Question(
        "What would setting a variable do, where it can only be seen?",
        "causes",
        "data",
        ("interventions.structural_models.back_door", "interventions.structural_models.seen"),
        ("Back-door formula",),
        "unit_adjusted",
        cannot="It is right only if the variables that are held fixed block every path into the cause: which these"
        " are, the data do not say.",
    ),
    Question(
        "Does the answer change when a concept is taken out of a layer?",
        "causes",
        "direction",
        ("interventions.erasure.leace", "interventions.erasure.inlp", "interventions.erasure.random_eraser"),
        ("Concept erasure, closed form", "Null-space projection"),
        "erased_accuracy/leace",
        cannot="Only what a linear probe reads is taken out; the concept may be held in another form, and other"
        " concepts along the same direction go with it.",
    ),
    Question(
        "Does a layer hold a variable of an algorithm?",
        "causes",
        "direction",
        ("interventions.interchange.aligned_subspace", "interventions.interchange.interchange_accuracy"),
        ("Causal abstraction",),
        "interchange",
        cannot="A search over subspaces finds some agreement: only pairs that it has not seen, beside random"
        " subspaces, say whether the variable is there. Another algorithm may fit as well.",
    ),
)
