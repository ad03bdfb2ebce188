"""The questions that this tool answers, for the guide."""

from repdyn.toolkit.questions import Question

QUESTIONS = (
    Question(
        "Does a network play a game as its teacher does?",
        "recurrent",
        "network",
        ("recurrent.play.taken", "recurrent.play.taken_at_random", "recurrent.losses.cross_entropy"),
        ("Chances taken", "Entropy of the teacher"),
        "wins_taken",
    ),
)
