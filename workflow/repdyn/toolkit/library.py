"""What the library has and no tool applies in the study: the questions that it answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "How much do two counted variables share, and how far apart are two distributions?",
        "information",
        "data",
        ("information.closed_forms.table_information", "information.closed_forms.normal_divergence"),
        ("Information of a table", "Kullback-Leibler divergence"),
        cannot="Counts are taken for probabilities: of a table with few of them the information is too high.",
    ),
    Question(
        "How much of a variable must be kept to tell another?",
        "information",
        "data",
        ("information.bottleneck.bottleneck",),
        ("Information bottleneck",),
        cannot="It takes the whole joint table of two discrete variables: that a network reaches the curve, or"
        " seeks it, does not follow.",
    ),
    Question(
        "Which states does a system prefer, and how high is the barrier between them?",
        "series",
        "data",
        ("energy.landscape.density", "energy.landscape.minima", "energy.paths.lowest_path", "energy.paths.barrier"),
        ("Energy landscape", "Path of least energy"),
        cannot="The landscape is the logarithm of how often a state was seen: of a system out of equilibrium it is"
        " not what drives it, and the height rests on the bandwidth, which other draws must choose.",
    ),
    Question(
        "Does a process tell forwards from backwards in time?",
        "series",
        "data",
        ("energy.entropy_production.entropy_production", "energy.entropy_production.linear_production"),
        ("Entropy production", "Thermodynamic uncertainty"),
        cannot="It is a lower bound of what the variables that are seen produce; that none is found does not show"
        " equilibrium.",
    ),
    Question(
        "How far apart in free energy are two states, by the work between them?",
        "series",
        "data",
        ("energy.work.jarzynski", "energy.work.crooks"),
        ("Jarzynski's equality", "Crooks' theorem"),
        cannot="The mean of exp(-W) rests on rare small works: where work is large beside the temperature it is"
        " biased upwards with few draws. A network has no temperature unless its noise gives it one.",
    ),
    Question(
        "What would setting a variable do, where it can only be seen?",
        "causes",
        "data",
        ("interventions.structural_models.back_door", "interventions.structural_models.seen"),
        ("Back-door formula",),
        cannot="It is right only if the variables that are held fixed block every path into the cause: which these"
        " are, the data do not say.",
    ),
    Question(
        "Does the answer change when a concept is taken out of a layer?",
        "causes",
        "direction",
        ("interventions.erasure.leace", "interventions.erasure.inlp", "interventions.erasure.random_eraser"),
        ("Concept erasure, closed form", "Null-space projection"),
        cannot="Only what a linear probe reads is taken out; the concept may be held in another form, and other"
        " concepts along the same direction go with it.",
    ),
    Question(
        "Does a layer hold a variable of an algorithm?",
        "causes",
        "direction",
        ("interventions.interchange.aligned_subspace", "interventions.interchange.interchange_accuracy"),
        ("Causal abstraction",),
        cannot="A search over subspaces finds some agreement: only pairs that it has not seen, beside random"
        " subspaces, say whether the variable is there. Another algorithm may fit as well.",
    ),
    Question(
        "How many features fit into a few units?",
        "features",
        "network",
        ("organisms.superposition.fitted_toy", "organisms.superposition.stored_features"),
        ("Superposition",),
        cannot="It is a toy whose features are known and independent: that a layer of another network holds"
        " features in superposition does not follow.",
    ),
    Question(
        "Does more capacity make a network worse before it makes it better?",
        "learning",
        "network",
        ("organisms.double_descent.random_feature_error",),
        ("Double descent",),
        cannot="The peak is one of least squares without a penalty at as many features as rows; where training"
        " stops early, or weights decay, there may be none.",
    ),
    Question(
        "Do two sets of responses share directions?",
        "comparison",
        "layer",
        ("alignment.canonical.held_out_cca", "alignment.canonical.svcca", "alignment.canonical.pwcca"),
        ("Canonical correlations", "SVCCA", "PWCCA"),
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
            "alignment.rsa.permutation_p",
            "alignment.rsa.both_factor_interval",
        ),
        (
            "Similarity of distances",
            "Similarity of correlation distances",
            "Orders of stimuli",
            "Interval over stimuli and subjects",
        ),
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
        ("alignment.ceiling.reliability", "alignment.ceiling.ceiling", "alignment.rsa.ceiling"),
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
        cannot="That a layer predicts responses does not show that the brain computes as it does: untrained"
        " networks predict much of them too and are what to compare with.",
    ),
    Question(
        "Which layer is the one that made the responses?",
        "comparison",
        "layer",
        ("alignment.simulated.simulated_brain", "alignment.simulated.wrong_picks"),
        ("Right layer",),
        cannot="It says how often the choice errs for simulated brains made from one of the layers; a brain is"
        " made from none of them.",
    ),
    Question(
        "Do subjects respond alike, each along axes of its own?",
        "comparison",
        "data",
        ("alignment.shared.hyperalignment", "alignment.shared.inter_subject_correlation"),
        ("Hyperalignment", "Inter-subject correlation"),
        cannot="Subjects that share nothing but the timing of the stimuli correlate as well; alignment has to be"
        " fitted to other stimuli than it is judged on.",
    ),
    Question(
        "Which delays of a stimulus shape a response?",
        "comparison",
        "data",
        ("alignment.receptive_fields.receptive_field", "alignment.receptive_fields.shifted_accuracies"),
        ("Temporal receptive field: kernel", "Temporal receptive field: accuracy"),
        cannot="The kernel is the linear part; of a stimulus with correlations over time it rests on the penalty."
        " Chance lies at responses shifted in a circle, not at 0.",
    ),
)
