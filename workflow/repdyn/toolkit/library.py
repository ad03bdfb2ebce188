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
        "How far apart in free energy are two states, by the work between them?",
        "series",
        "data",
        ("energy.work.jarzynski", "energy.work.crooks"),
        ("Jarzynski's equality", "Crooks' theorem"),
        cannot="The mean of exp(-W) rests on rare small works: where work is large beside the temperature it is"
        " biased upwards with few draws. A network has no temperature unless its noise gives it one.",
    ),
)
