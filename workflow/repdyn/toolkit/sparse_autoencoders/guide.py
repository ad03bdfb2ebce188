"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "Which features does a layer hold, and does another seed find the same?",
        "features",
        "direction",
        (
            "sparse_autoencoders.autoencoder.fit",
            "sparse_autoencoders.autoencoder.explained_variance",
            "sparse_autoencoders.dictionaries.mmcs",
        ),
        ("Sparse autoencoder: dictionary", "Sparse autoencoder: reconstruction"),
        "mmcs_seeds",
    ),
    Question(
        "Does a feature, or a unit, detect a class?",
        "features",
        "direction",
        ("sparse_autoencoders.features.class_detectors",),
        ("Class detectors",),
        "class_f1",
    ),
    Question(
        "Does the network do its work with the features in place of the layer?",
        "causes",
        "layer",
        ("sparse_autoencoders.spliced.losses", "sparse_autoencoders.spliced.recovered"),
        ("Loss recovered",),
        "loss_recovered",
    ),
    Question(
        "Do two networks have the same features?",
        "comparison",
        "direction",
        ("sparse_autoencoders.pairing.paired_correlation",),
        ("Pairs of features",),
        "models_alike",
        recipe="features",
    ),
    Question(
        "Do features come in families, broad ones and what lives within them?",
        "features",
        "direction",
        ("sparse_autoencoders.autoencoder.fit", "sparse_autoencoders.hierarchy.containment"),
        ("Nested dictionary", "Families of features"),
        "nested_containment",
    ),
)
