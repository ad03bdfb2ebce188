"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "Do two sets of responses share directions?",
        "comparison",
        "layer",
        ("alignment.canonical.held_out_cca", "alignment.canonical.svcca", "alignment.canonical.pwcca"),
        ("Canonical correlations", "SVCCA", "PWCCA"),
        "cca",
        cannot="Shared directions may carry little of what either does, and with few stimuli for many units the"
        " penalty decides what is found.",
    ),
    Question(
        "Are the same stimuli close together in a network and in a brain?",
        "comparison",
        "layer",
        (
            "alignment.dissimilarity.squared_distances",
            "alignment.dissimilarity.rank_similarity",
            "alignment.comparison.similar",
            "alignment.rsa.permutation_p",
            "alignment.rsa.both_factor_interval",
        ),
        (
            "Similarity of distances",
            "Similarity of correlation distances",
            "Orders of stimuli",
            "Interval over stimuli and subjects",
        ),
        "similarity",
        cannot="Distances say nothing of single units, and another set of stimuli may rank models otherwise: the"
        " interval is over stimuli and subjects, not over kinds of stimuli.",
    ),
    Question(
        "How far apart are responses to two stimuli, noise aside?",
        "comparison",
        "data",
        ("alignment.dissimilarity.crossnobis",),
        ("Crossnobis",),
        cannot="The noise has to be independent between repeats; a drift that they share is taken for signal.",
    ),
    Question(
        "How well could any model do, given the noise of the data?",
        "comparison",
        "data",
        ("alignment.ceiling.reliability", "alignment.ceiling.ceiling", "alignment.rsa.similarity_ceiling"),
        ("Reliability over repeats", "Noise ceiling", "Ceiling of similarity"),
        cannot="The ceiling is that of a model of what repeats or subjects share; without repeats there is none,"
        " and a score is then not evaluable.",
    ),
    Question(
        "Do the activations of a layer predict responses of a brain?",
        "comparison",
        "layer",
        (
            "alignment.regression.ridge",
            "alignment.regression.partial_least_squares",
            "alignment.regression.predictions",
        ),
        ("Encoding by ridge regression", "Encoding by partial least squares"),
        "encoding",
    ),
    Question(
        "Which layer is the one that made the responses?",
        "comparison",
        "layer",
        ("alignment.simulated.simulated_brain", "alignment.simulated.wrong_picks"),
        ("Right layer",),
        "wrong_encoding",
        cannot="It says how often the choice errs for simulated brains made from one of the layers; a brain is"
        " made from none of them.",
    ),
    Question(
        "Do subjects respond alike, each along axes of its own?",
        "comparison",
        "data",
        ("alignment.shared.hyperalignment", "alignment.shared.inter_subject_correlation"),
        ("Hyperalignment", "Inter-subject correlation"),
        "subjects_aligned",
        cannot="Subjects that share nothing but the timing of the stimuli correlate as well; alignment has to be"
        " fitted to other stimuli than it is judged on.",
    ),
)
