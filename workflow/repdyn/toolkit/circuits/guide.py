"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "Which small circuit explains the states of a recurrent network?",
        "recurrent",
        "network",
        ("circuits.latent_circuit.latent_circuit",),
        ("Latent circuit: fit", "Latent circuit: weights"),
        "latent_r2",
    ),
    Question(
        "Does a unit tell one variable, or a mixture?",
        "features",
        "unit",
        ("circuits.selectivity.mixed_selectivity",),
        ("Mixed selectivity",),
        "units_pure",
    ),
    Question(
        "Are some patterns of connections more frequent than the degrees explain?",
        "recurrent",
        "network",
        ("circuits.motifs.motifs",),
        ("Motifs", "Motifs: refusal"),
        "triads",
    ),
    Question(
        "Does a unit excite or inhibit, and not both?",
        "recurrent",
        "unit",
        ("circuits.signs.sign_consistency", "circuits.signs.diagram"),
        ("Signs of units", "Excitation and inhibition"),
        "sign_consistency",
    ),
    Question(
        "When do events happen in a series of states?",
        "recurrent",
        "network",
        ("circuits.events.deconvolved", "circuits.events.matched_events"),
        ("Events: times", "Events: share explained"),
        "event_f1",
    ),
)
