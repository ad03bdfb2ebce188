"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "How much does a layer keep of its input and of the class while it learns?",
        "information",
        "layer",
        (
            "information.noisy.noisy_input_information",
            "information.noisy.noisy_class_information",
            "information.processing.largest_rise",
        ),
        ("Information under noise", "Class under noise", "Data processing"),
        "class_information",
    ),
    Question(
        "Is a compression that is seen in bins one of the layer?",
        "information",
        "layer",
        ("information.noisy.binned_information",),
        ("Information in bins",),
        "binned_information/<bins>",
    ),
    Question(
        "What do two variables of many dimensions share at the least?",
        "information",
        "layer",
        ("information.critics.critic_bounds",),
        ("MINE", "InfoNCE"),
        "class_mine",
    ),
    Question(
        "How much of a variable must be kept to tell another, and do few groups of neighbours tell the class?",
        "information",
        "layer",
        ("information.bottleneck.bottleneck",),
        ("Information bottleneck",),
        "code_information",
    ),
)
