"""Every method of the toolkit, by the name that the page prints."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from repdyn.calibration import (
    attribution,
    geometry,
    information,
    interventions,
    recurrent,
    sparse_features,
    systems,
    topology,
    training,
)
from repdyn.calibration.trial import Trial


class Method(NamedTuple):
    """tool: the one that uses it, a name in `toolkit.TOOLS`."""

    tool: str
    trial: Callable[[np.random.Generator], Trial]


METHODS = {
    "Sparse autoencoder: dictionary": Method("sparse_autoencoders", sparse_features.dictionary),
    "Sparse autoencoder: reconstruction": Method("sparse_autoencoders", sparse_features.reconstruction),
    "Class detectors": Method("sparse_autoencoders", sparse_features.detectors),
    "Pairs of features": Method("sparse_autoencoders", sparse_features.paired_features),
    "Loss recovered": Method("sparse_autoencoders", sparse_features.loss_recovered),
    "Ablation": Method("interventions", interventions.ablation),
    "Shapley values of units": Method("interventions", interventions.units_that_share),
    "Do-response": Method("interventions", interventions.dose_response),
    "Steering": Method("interventions", interventions.steering),
    "Activation patching": Method("patching", interventions.patching),
    "Path patching": Method("patching", interventions.paths),
    "Circuits": Method("patching", interventions.circuits),
    "Attribution patching": Method("patching", interventions.attribution_patching),
    "Causal tracing": Method("patching", interventions.tracing),
    "Saliency": Method("attribution", attribution.saliency_of_weights),
    "Integrated gradients": Method("attribution", attribution.integrated_gradients_of_a_product),
    "Layer-wise relevance propagation": Method("attribution", attribution.relevance_by_layers),
    "Shapley values, exact": Method("attribution", attribution.shapley_of_gloves),
    "Shapley values, sampled": Method("attribution", attribution.shapley_by_sampling),
    "Grad-CAM": Method("attribution", attribution.class_activation_map),
    "Activation maximisation": Method("attribution", attribution.best_input),
    "Most exciting examples": Method("attribution", attribution.likeness_of_exemplars),
    "Deletion curve": Method("attribution", attribution.deletion_curve),
    "Agreement of maps": Method("attribution", attribution.agreement_of_maps),
    "Intrinsic dimension, maximum likelihood": Method("geometry", geometry.dimension_mle),
    "Intrinsic dimension, TwoNN": Method("geometry", geometry.dimension_twonn),
    "Mean curvature": Method("geometry", geometry.mean_curvature),
    "Tangent angle": Method("geometry", geometry.tangent_angle),
    "Geodesics": Method("geometry", geometry.geodesics_of_a_circle),
    "Class capacity": Method("geometry", geometry.class_capacity),
    "Trustworthiness": Method("geometry", geometry.trust_in_a_picture),
    "Silhouette": Method("geometry", geometry.silhouette),
    "Betti number with a band": Method("topology", topology.loops),
    "Persistence": Method("topology", topology.longest_loop),
    "Late joins": Method("topology", topology.clusters),
    "Information of continuous variables": Method("information", information.continuous_information),
    "Information on the class": Method("information", information.information_on_the_class),
    "Fano's bound": Method("information", information.information_of_an_accuracy),
    "Entropy of classes": Method("information", information.class_entropy),
    "Linear probe": Method("information", information.linear_probe),
    "Drift": Method("dynamics", training.representational_drift),
    "Participation ratio": Method("dynamics", training.participation_ratio),
    "Turn of dimension": Method("dynamics", training.turns),
    "Emergence": Method("dynamics", training.emergence_step),
    "Change points": Method("dynamics", training.phases),
    "Path of weights": Method("dynamics", training.straight_path),
    "Cosine of steps": Method("dynamics", training.cosine_of_steps),
    "Lyapunov exponent": Method("dynamical_systems", systems.lorenz_exponent),
    "Lyapunov spectrum": Method("dynamical_systems", systems.henon_exponents),
    "Kaplan-Yorke dimension": Method("dynamical_systems", systems.lorenz_dimension),
    "Lyapunov exponent of a series": Method("dynamical_systems", systems.exponent_of_a_series),
    "Fixed points": Method("dynamical_systems", systems.count_of_fixed_points),
    "Attractors": Method("dynamical_systems", systems.count_of_attractors),
    "Line attractor": Method("dynamical_systems", systems.line_of_slow_points),
    "Basins": Method("dynamical_systems", systems.shares_of_basins),
    "Time scales": Method("dynamical_systems", systems.time_scale),
    "Dynamic modes: frequency": Method("dynamical_systems", systems.frequency_of_a_mode),
    "Dynamic modes: growth": Method("dynamical_systems", systems.decay_of_a_mode),
    "Dynamic modes: rank": Method("dynamical_systems", systems.rank_of_a_series),
    "Koopman eigenvalues": Method("dynamical_systems", systems.koopman_rate),
    "Controllability": Method("dynamical_systems", systems.energy_of_control),
    "Observability": Method("dynamical_systems", systems.observed_units),
    "Slow features": Method("dynamical_systems", systems.slowest_feature),
    "Divergence of a field": Method("dynamical_systems", systems.shrinking_volumes),
    "Turning share of a field": Method("dynamical_systems", systems.turning_part),
    "Dynamical similarity": Method("dynamical_systems", systems.distance_of_systems),
    "Chances taken": Method("connect_four", recurrent.chances_taken),
    "Entropy of the teacher": Method("connect_four", recurrent.entropy_of_the_teacher),
    "Question at the end": Method("recurrent_states", recurrent.answers_at_the_end),
}
