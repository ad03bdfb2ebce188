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
        "Does more capacity make a network worse before it makes it better?",
        "learning",
        "network",
        ("organisms.double_descent.random_feature_error",),
        ("Double descent",),
        cannot="The peak is one of least squares without a penalty at as many features as rows; where training"
        " stops early, or weights decay, there may be none.",
    ),
)
