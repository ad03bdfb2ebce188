"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "Which layer, head or unit carries the difference between two inputs?",
        "causes",
        "unit",
        ("interventions.patching.patch_each", "interventions.recovery.recovery"),
        ("Activation patching",),
        "denoising",
        recipe="heads",
    ),
    Question(
        "Does a head speak to the answer directly, or through later modules?",
        "causes",
        "unit",
        ("interventions.paths.path_patched",),
        ("Path patching",),
        "head_direct",
        networks="transformer",
    ),
    Question(
        "Which few components are enough for an answer?",
        "causes",
        "network",
        ("interventions.circuits.node_attributions", "interventions.circuits.nested_circuits"),
        ("Circuits",),
        "circuit_faithfulness",
    ),
    Question(
        "Which sparse features of a layer are the circuit behind an answer?",
        "causes",
        "direction",
        ("interventions.features.feature_attributions", "interventions.features.with_features"),
        ("Sparse autoencoder: dictionary", "Activation patching"),
        "feature_denoising",
        recipe="circuit",
    ),
    Question(
        "Which of many nodes matter, where each cannot be patched in turn?",
        "causes",
        "unit",
        ("interventions.circuits.node_attributions",),
        ("Attribution patching",),
        "attribution_rho",
    ),
    Question(
        "Which state undoes the harm of a noisy input?",
        "causes",
        "layer",
        ("interventions.tracing.causal_tracing",),
        ("Causal tracing",),
        "tracing",
    ),
    Question(
        "Along which edges between components does an answer travel?",
        "causes",
        "network",
        (
            "interventions.edges.edge_effects",
            "interventions.edges.edge_attributions",
            "interventions.edges.edge_circuit_metric",
        ),
        ("Circuits on edges", "Attribution patching of edges"),
        "edge_faithfulness",
    ),
    Question(
        "Which heads and layers write the answer into the logits?",
        "causes",
        "unit",
        ("attribution.direct_logits.of_heads", "attribution.direct_logits.to_logits"),
        ("Direct logit attribution",),
        "direct_logits",
        networks="transformer",
        cannot="Only what a part adds to the residual stream itself is seen, not what later modules make of it,"
        " and the scale of the last normalisation is held as it is.",
    ),
)
