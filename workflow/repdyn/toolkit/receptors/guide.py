"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "Which delays of a stimulus shape a response?",
        "comparison",
        "data",
        ("alignment.receptive_fields.receptive_field", "alignment.receptive_fields.shifted_accuracies"),
        ("Temporal receptive field: kernel", "Temporal receptive field: accuracy"),
        "field_accuracy",
        networks="any",
        cannot="The kernel is the linear part; of a stimulus with correlations over time it rests on the penalty."
        " Chance lies at responses shifted in a circle, not at 0.",
    ),
    Question(
        "How well do features of a stimulus predict spikes?",
        "comparison",
        "data",
        (
            "alignment.spikes.encoded",
            "alignment.spikes.bits_per_spike",
            "alignment.spikes.with_products",
            "alignment.grasshopper.grasshopper",
        ),
        ("Encoding of spikes: correlation", "Encoding of spikes: bits", "Products of lags"),
        "quadratic_accuracy",
        networks="any",
    ),
    Question(
        "Are two series the same up to a stretch in time?",
        "comparison",
        "data",
        ("alignment.warping.warped_distance", "alignment.warping.warped_null"),
        ("Time warping",),
        "kernels_apart",
        networks="any",
        cannot="Any two series come closer by warping: only the distance to series of the same spectrum says whether they"
        " are alike, and `reach` decides how much stretch is allowed.",
    ),
)
