"""Claims of work like this that are not repeated here, each with its reason."""

# (claim, why not)
CLAIMS = (
    (
        "A number above .7 is good, above .3 fair, and below poor, as bands of green, orange and red show it.",
        "The thresholds come from no null and no error rate. A value is compared with what the same method finds where there"
        " is nothing, and with its interval.",
    ),
    (
        "Knowing the parts that cause an answer makes a network robust, lets one debug it, or puts it under control.",
        "Nothing of the kind was measured with the claim. An intervention shows what it did to the examples on which it was"
        " made; that a repair holds on others has to be tried on them.",
    ),
    (
        "The computation of a network is how its state evolves.",
        "It is a way of speaking with no outcome that could speak against it. What can be tested is whether attractors, time"
        " scales or a latent circuit that were found do what the task needs, beside shuffled weights.",
    ),
    (
        "A simulated course of learning has a phase transition and a critical period.",
        "It has those that were written into its formula. Simulated courses serve here to try detectors, where a planted"
        " change has to be found and a smooth curve left alone; findings rest on networks that were trained.",
    ),
    (
        "Networks first fit and then compress, as information in bins shows.",
        "Without noise the information of a layer on its input is infinite or rests on the bins: with bins that are fine"
        " enough every example has one of its own. Only with noise that is stated does a fall mean one of the layer.",
    ),
    (
        "A latent circuit that explains nearly all of the states is the circuit of the network.",
        "Fits that explain as much may have other weights. Only what restarts agree on is determined, and where they do not"
        " agree, the page says so.",
    ),
    (
        "A wide multifractal spectrum shows a cascade.",
        "A series of independent values with a heavy tail has one as well. A cascade is what is lost when the values are"
        " shuffled.",
    ),
    (
        "A linear probe that reads X shows that the network uses X.",
        "Much can be read that nothing is made of, even in networks without training. Use is shown by a change of the answer"
        " when X is taken out or exchanged, beside a direction at random.",
    ),
)
