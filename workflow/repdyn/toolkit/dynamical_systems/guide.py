"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "How many fixed points and attractors has a recurrent network?",
        "recurrent",
        "network",
        (
            "dynamical_systems.fixed_points.fixed_points",
            "dynamical_systems.fixed_points.unstable_directions",
            "dynamical_systems.basins.basin_shares",
        ),
        ("Fixed points", "Attractors", "Basins"),
        "attractors",
        recipe="fixed_points",
    ),
    Question(
        "Does it keep a value on a line of slow points?",
        "recurrent",
        "network",
        ("dynamical_systems.slow_points.slow_line",),
        ("Line attractor",),
        "line_share",
    ),
    Question(
        "Is a recurrent network, or another map, chaotic?",
        "recurrent",
        "network",
        ("dynamical_systems.lyapunov.lyapunov_spectrum", "dynamical_systems.lyapunov.kaplan_yorke"),
        ("Lyapunov exponent", "Lyapunov spectrum", "Kaplan-Yorke dimension"),
        "exponent",
    ),
    Question(
        "How long does a recurrent network remember?",
        "recurrent",
        "network",
        ("dynamical_systems.gramians.time_scales",),
        ("Time scales",),
        "slowest_time",
    ),
    Question(
        "Which directions can an input reach, and which are read?",
        "recurrent",
        "direction",
        (
            "dynamical_systems.gramians.controllability",
            "dynamical_systems.gramians.observability",
            "dynamical_systems.gramians.minimum_energy",
        ),
        ("Controllability", "Observability"),
        cannot="Gramians are of a linear system: of a network they hold near the point at which it was linearised,"
        " and only where that is stable.",
    ),
    Question(
        "Do two recurrent networks have the same dynamics?",
        "comparison",
        "network",
        ("dynamical_systems.similarity.dynamical_distance",),
        ("Dynamical similarity",),
        cannot="The distance rests on the delays and the rank of the models that are fitted: one that is small"
        " says that these models are alike, not that the networks solve the task alike.",
    ),
    Question(
        "Which frequencies and rates of decay has a series of states?",
        "series",
        "data",
        (
            "dynamical_systems.modes.hankel_modes",
            "dynamical_systems.modes.supported_rank",
            "dynamical_systems.modes.koopman_eigenvalues",
        ),
        ("Dynamic modes: frequency", "Dynamic modes: growth", "Dynamic modes: rank", "Koopman eigenvalues"),
        cannot="Modes of a series that is not linear depend on its length and on the delays; a rank above what"
        " held-out values support adds modes that are noise.",
    ),
    Question(
        "Which signal in a series of states changes most slowly?",
        "series",
        "data",
        ("dynamical_systems.slow_features.slow_features",),
        ("Slow features",),
        cannot="In any finite series something is slowest: compare with the series in random order, and with other"
        " trials.",
    ),
    Question(
        "Does a flow shrink volumes, and does it turn?",
        "series",
        "data",
        (
            "dynamical_systems.linear_fields.linear_field",
            "dynamical_systems.linear_fields.divergence_of",
            "dynamical_systems.linear_fields.turning_share",
        ),
        ("Divergence of a field", "Turning share of a field"),
        cannot="The field is linear and fitted to the mean flow: what happens near one point, or along one"
        " trajectory, may be otherwise.",
    ),
    Question(
        "Is a measured series chaotic?",
        "series",
        "data",
        ("dynamical_systems.divergence.divergence", "dynamical_systems.divergence.largest_exponent"),
        ("Lyapunov exponent of a series",),
        cannot="Noise diverges too: a slope counts only where the curve is straight before it saturates, and white"
        " noise must be refused.",
    ),
)
