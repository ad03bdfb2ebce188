"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "Are the features that a map ranks first those that training needs?",
        "attribution",
        "training",
        ("dynamics.retraining.without_top", "dynamics.retraining.train"),
        ("Removed and retrained",),
        "removed/saliency",
    ),
    Question(
        "When in training does a deficit of the input leave a lasting mark?",
        "learning",
        "training",
        ("dynamics.retraining.within", "dynamics.retraining.blurred"),
        ("Deficit in a window",),
        "deficit",
    ),
    Question(
        "Does the order of examples matter, at the same budget?",
        "learning",
        "training",
        ("dynamics.retraining.curriculum", "dynamics.retraining.shuffled_order"),
        ("Order of examples",),
        "order/easy_first",
    ),
)
