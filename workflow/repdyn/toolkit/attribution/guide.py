"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "Which parts of an input does its answer rest on?",
        "attribution",
        "example",
        (
            "attribution.gradients.saliency",
            "attribution.gradients.integrated_gradients",
            "attribution.lrp.relevance",
            "attribution.deeplift.deeplift",
            "attribution.shapley.exact_shapley",
            "attribution.shapley.permutation_shapley",
            "attribution.surrogates.kernel_shap",
            "attribution.surrogates.lime",
        ),
        (
            "Saliency",
            "Integrated gradients",
            "Layer-wise relevance propagation",
            "Shapley values, exact",
            "Shapley values, sampled",
            "DeepLIFT",
            "KernelSHAP",
            "LIME",
        ),
        "deletion/<method>",
    ),
    Question(
        "Where in a picture is the evidence for a class?",
        "attribution",
        "example",
        ("attribution.gradcam.grad_cam",),
        ("Grad-CAM",),
        "deletion/<method>",
        networks="cnn",
    ),
    Question(
        "Is a map of attributions faithful to the network?",
        "attribution",
        "example",
        ("attribution.removal.removal_curve", "attribution.removal.area"),
        ("Deletion curve",),
        "deletion/<method>",
    ),
    Question(
        "Do two methods of attribution agree, and does a map change when weights are drawn again?",
        "attribution",
        "network",
        ("attribution.agreement.rank_agreement", "attribution.randomisation.reinitialised"),
        ("Agreement of maps",),
        "sanity/<method>",
    ),
    Question(
        "Which input excites a unit most?",
        "features",
        "unit",
        ("attribution.maximisation.maximise", "attribution.exemplars.exemplars"),
        ("Activation maximisation", "Most exciting examples"),
        "maximised/gain",
    ),
    Question(
        "What does a unit look for, among images that look like photographs?",
        "features",
        "unit",
        ("attribution.natural.coloured", "attribution.natural.shifted", "attribution.maximisation.maximise"),
        ("Activation maximisation with priors",),
        "maximised/natural_gain",
    ),
)
