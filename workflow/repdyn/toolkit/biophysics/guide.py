"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "How often does a model cell fire under a current?",
        "cells",
        "unit",
        (
            "biophysics.integrate_and_fire.integrate_and_fire",
            "biophysics.izhikevich.izhikevich",
            "biophysics.hodgkin_huxley.hodgkin_huxley",
            "biophysics.spikes.firing_rates",
            "biophysics.spikes.irregularity",
        ),
        ("Integrate-and-fire cells", "Izhikevich's cells", "Hodgkin and Huxley's axon", "Irregularity of spikes"),
        cannot="A cell at a point has no dendrites, and its constants are those of the models as published: a rate is that"
        " of the model, not of a cell that was recorded.",
    ),
    Question(
        "Is the step of a simulation short enough?",
        "cells",
        "data",
        ("biophysics.convergence.order_of",),
        ("Izhikevich's cells: step size", "Hodgkin and Huxley's axon: step size", "Cable: distance of points"),
        cannot="The order is that of a smooth course: the time of a spike is right to a step at best.",
    ),
    Question(
        "How far does a voltage reach along a cable?",
        "cells",
        "unit",
        ("biophysics.cable.cable_voltage",),
        ("Cable",),
        cannot="The cable is passive and at rest. A stimulus is a current here: how light or an electrode makes one is not"
        " in it.",
    ),
    Question(
        "Which synapses win where the times of spikes decide?",
        "cells",
        "unit",
        ("biophysics.plasticity.pair_changes", "biophysics.plasticity.drift", "biophysics.competition.compete"),
        ("Pairs of spikes", "Pairs of spikes: drift", "Competition of synapses"),
        "favoured",
    ),
    Question(
        "What does a synapse release when it is used often?",
        "cells",
        "unit",
        ("biophysics.plasticity.efficacies", "biophysics.plasticity.steady_efficacy"),
        ("Short-term plasticity",),
        cannot="It is a mean: a synapse releases by chance, and the variance is not in the model.",
    ),
    Question(
        "Does it help a network to spike, and does it matter when it does?",
        "comparison",
        "network",
        ("biophysics.spiking.leaky_spikes", "biophysics.spiking.reordered", "biophysics.constraints.best_fit"),
        ("Surrogate gradient", "Spiking network", "Spikes at other times"),
        "accuracy",
    ),
    Question(
        "Does Dale's law help a network?",
        "comparison",
        "network",
        ("biophysics.dale.signed_weights", "biophysics.dale.signs_of"),
        ("Dale's law", "Signed weights: eigenvalue"),
        "one_sign",
    ),
    Question(
        "How strongly do cells that excite and cells that inhibit drive each other?",
        "cells",
        "network",
        ("circuits.signs.edges", "circuits.signs.diagram"),
        ("Edges between populations",),
        "edge",
    ),
    Question(
        "Does a prior on the spectrum of its states help a recurrent network?",
        "comparison",
        "network",
        ("biophysics.spectral_prior.predicted", "biophysics.spectral_prior.exponent"),
        ("Exponent of states",),
        "error",
        networks="recurrent",
    ),
)
