"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "How many dimensions has a cloud of activations, and does its covariance explain them?",
        "shape",
        "layer",
        (
            "geometry.dimension.two_nearest_dimension",
            "geometry.dimension.maximum_likelihood_dimension",
            "geometry.neighbours.matched_gaussians",
        ),
        ("Intrinsic dimension, TwoNN", "Intrinsic dimension, maximum likelihood"),
        "dimension_twonn",
        recipe="dimension",
    ),
    Question(
        "Is a cloud of activations curved?",
        "shape",
        "layer",
        ("geometry.curvature.curvature", "geometry.tangents.principal_angles", "geometry.geodesics.geodesic_ratio"),
        ("Mean curvature", "Tangent angle", "Geodesics"),
        "mean_curvature",
    ),
    Question(
        "How many classes can a linear read-out keep apart?",
        "shape",
        "layer",
        ("geometry.capacity.capacity",),
        ("Class capacity",),
        "class_capacity",
    ),
    Question(
        "Does a picture of a layer in the plane show what is there?",
        "shape",
        "layer",
        ("geometry.embedding.trustworthiness", "geometry.embedding.cluster_silhouette"),
        ("Trustworthiness", "Silhouette"),
        "trustworthiness_<picture>",
    ),
    Question(
        "How many classes would theory let a read-out keep apart, from the shape of each?",
        "shape",
        "layer",
        ("geometry.mean_field.mean_field_capacity", "geometry.mean_field.manifold_capacity"),
        ("Mean-field capacity", "Capacity of a manifold"),
        "mean_field_capacity",
    ),
)
