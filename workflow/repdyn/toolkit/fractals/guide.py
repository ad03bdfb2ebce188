"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "How steeply do the variances of a layer fall with their rank?",
        "shape",
        "layer",
        ("fractals.eigenvalues.eigenvalue_exponent",),
        ("Exponent of variances",),
        "variance_exponent",
    ),
    Question(
        "Does the loss, or another series, have a memory?",
        "series",
        "data",
        (
            "fractals.fluctuation.scaling_exponent",
            "fractals.spectra.spectral_exponent",
            "fractals.roughness.higuchi_dimension",
        ),
        ("Detrended fluctuations", "Exponent of a spectrum", "Higuchi dimension"),
        "loss_memory",
    ),
    Question(
        "Do large and small changes of a series scale alike?",
        "series",
        "data",
        ("fractals.fluctuation.exponents", "fractals.multifractal.multifractal_width"),
        ("Generalised fluctuations", "Multifractal width"),
        cannot="The width of a series with a heavy tail is wide without any order in time, and so is that of a"
        " short one: compare with the series shuffled, and with surrogates of the same spectrum.",
    ),
    Question(
        "Has a picture or a graph a scale of its own?",
        "series",
        "data",
        ("fractals.boxes.pixel_dimension", "fractals.boxes.graph_dimension"),
        ("Box counting: pictures", "Box counting: graphs"),
        cannot="Any picture has a slope over few sizes of boxes; without a straight line over a decade or more the"
        " slope is no dimension.",
    ),
    Question(
        "How much activity does an active unit pass on, where few units are seen?",
        "series",
        "data",
        ("fractals.branching.branching_ratio",),
        ("Branching ratio",),
        cannot="A ratio near 1 is what a slow drive common to all units gives as well: it does not show that"
        " activity spreads, nor that the system is critical.",
    ),
    Question(
        "Can activity be trained towards a spectrum?",
        "series",
        "data",
        ("fractals.prior.spectral_penalty",),
        ("Spectral penalty",),
        cannot="That a spectrum can be reached says nothing of what it is good for: a task has to be learned with"
        " and without it, at the same strength of the penalty.",
    ),
)
