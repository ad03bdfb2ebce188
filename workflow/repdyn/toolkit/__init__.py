"""Tools that look into trained networks: features, causes, attribution, geometry, topology, dynamics.

A tool is a folder here and a line in TOOLS:

- measure.py: `measure(held_out, training) -> (table, maps)`: two `measures.subject.Subject` of one run with the same states,
  of the test and of the training split; a table with `measures.table.COLUMNS`; and numeric arrays for its figure. The
  docstring describes every quantity in the form of `report.quantities`.
- findings.py, of the measurements of all its runs, with experiment and seed in front: `sentence(table) -> str`, what was
  found, in plain words, or that nothing was; `found(table) -> list[str]`, paragraphs with the numbers, against which null,
  on which experiments; `limits(table) -> str`, what that cannot say.
- figure.py: `draw(table, maps)`, with maps {"experiment/seed": {name: array}}, and caption.rst.
- guide.py: QUESTIONS, the `questions.Question`s that it answers. What no tool applies is asked for in library.py.
- across.py, of a tool that compares seeds: `across(table, maps, first, key) -> table` of a run with the first seed's maps.

Tools of RECURRENT have the same files; their `measure(subject)` takes one `recurrent.subject.RecurrentSubject`. Their
families are the tasks that they fit; without any they fit all. Likewise those of ORGANISMS, with an
`organisms.subject.OrganismSubject`.

Tools of SELF_CONTAINED have them too, and look at no run: their `measure(seed)` makes what it measures, or reads a
recording.

Only measure.py needs torch. What a tool measures with are plain functions on arrays and modules, for any network.
`own_model.subjects` gives `measure` any model with checkpoints and data.
"""

from importlib import import_module
from importlib.resources import files
from typing import NamedTuple

from repdyn.families import FAMILIES as ALL

# {page: its title}, in the order of the contents.
PAGES = {
    "features": "Features",
    "causes": "Causes",
    "attribution": "Attribution",
    "shape": "Shape of representations",
    "information": "Information",
    "dynamics": "Dynamics of training",
    "alignment": "Brain alignment",
    "recurrent": "Recurrent networks",
    "organisms": "Model organisms",
    "biophysics": "Biophysics",
}


class Tool(NamedTuple):
    """The title of a tool's section, the page it stands on, the families it fits, the alternative text of its figure,
    whether it compares seeds, whether it looks at every checkpoint, not at some phases of training only, the other tools
    that it measures with, and whether one seed is enough, because what it looks at is a recording.
    """

    title: str
    page: str
    families: tuple[str, ...]
    alt: str
    across: bool = False
    dense: bool = False
    borrows: tuple[str, ...] = ()
    once: bool = False


# In the order of their pages.
TOOLS = {
    "sparse_autoencoders": Tool(
        "Sparse autoencoders",
        "features",
        ALL,
        "For every run: variance explained by sparse features, how alike they are between seeds and steps, which classes"
        " they detect, and how much of the loss they keep, each beside its null",
        across=True,
    ),
    "interventions": Tool(
        "Interventions on units and directions",
        "causes",
        ALL,
        "Fall in accuracy with sets of units ablated, agreement of three kinds of ablation, do-responses, and"
        " steering by dose",
    ),
    "patching": Tool(
        "Patching and circuits",
        "causes",
        ALL,
        "Per experiment: how much of the difference between two classes patched units and components carry over, by layer,"
        " how faithful circuits of growing size are, and which heads, positions or parts of a map carry the difference",
    ),
    "attribution": Tool(
        "Attribution",
        "attribution",
        ALL,
        "Maps of several attribution methods on held-out examples, their deletion curves beside random orders,"
        " and their similarity to maps of networks with re-initialised weights",
    ),
    "geometry": Tool(
        "Geometry of representations",
        "shape",
        ALL,
        "Intrinsic dimension and class capacity of three layers against the training step, beside their nulls",
    ),
    "topology": Tool(
        "Topology of representations",
        "shape",
        ALL,
        "Per experiment: a persistence diagram of the last hidden layer, its longest loop and the number of loops beyond"
        " Gaussian clouds by layer and step, and the loops of the clouds of classes through the layers",
    ),
    "information": Tool(
        "Mutual information",
        "information",
        ALL,
        "Information that two coordinates of three layers hold on the class and on the input, against the training step,"
        " beside what a linear probe of the whole layer reads",
    ),
    "information_plane": Tool(
        "Information plane",
        "information",
        ALL,
        "Per experiment: what hidden layers say of the class against what they say of the input under noise, over training;"
        " the same on the input by the number of bins; lower bounds by critics; and groups of cells beside the information"
        " bottleneck, before and after training",
    ),
    "dynamics": Tool(
        "Dynamics of training",
        "dynamics",
        ALL,
        "Per experiment against the training step: drift of layers from their initialisation, their dimension, the share of"
        " classes and units that have emerged, the held-out loss with change points, and the path of the weights beside"
        " that of a random walk",
        dense=True,
    ),
    "fractals": Tool(
        "Scales and memory",
        "dynamics",
        ALL,
        "Per experiment: variances of principal components by rank, their exponent against the training step beside that of"
        " units in orders of their own, and the fluctuations of the loss beside those of shuffled increments",
        dense=True,
    ),
    "retraining": Tool(
        "Trained again",
        "dynamics",
        ("mlp",),
        "Per experiment: held-out accuracy after trainings without the features that maps rank highest, beside random ones;"
        " and by how much a deficit during a window of the training, or another order of examples, changes it",
        dense=True,
    ),
    "alignment": Tool(
        "Brain alignment",
        "alignment",
        ALL,
        "Per experiment: how well the right layer, wrong layers, the untrained network and the input predict a simulated"
        " brain, beside its ceiling and shuffled stimuli; how often a wrong layer is picked, by noise; and pairs of stimuli",
    ),
}

# Of recurrent networks trained for tasks whose solution is known, config/recurrent.tsv.
POINTS, GAMES = ("flipflop", "context"), ("connect4_moves", "connect4_board")  # tasks: solved by fixed points; games
RECURRENT = {
    "dynamical_systems": Tool(
        "Attractors of recurrent networks",
        "recurrent",
        POINTS,
        "Per recurrent network against the training step: attractors beside those of shuffled weights, accuracy, and"
        " time scales; and its states with their fixed points",
    ),
    "connect_four": Tool(
        "Recurrent networks that learn Connect Four",
        "recurrent",
        GAMES,
        "Per input against the training step: cross entropy above the teacher's entropy, and shares of winning, blocking and"
        " careful moves beside random moves; and the cross entropy by move of the game",
    ),
    "recurrent_states": Tool(
        "States of recurrent networks",
        "recurrent",
        (),
        "Per recurrent network against the training step: drift, dimension and clusters of its states and what a probe reads"
        " in them, beside nulls",
        borrows=("dynamics", "topology", "information", "geometry", "interventions", "patching", "attribution"),
    ),
    "weight_trajectories": Tool(
        "Weight trajectories of recurrent networks",
        "recurrent",
        (*POINTS, "connect4_moves"),
        "Per recurrent network: the path of its weights beside a random walk, and along it gates, probes and what parts are"
        " worth, each beside its null",
    ),
    "landscapes": Tool(
        "Energy landscapes of recurrent networks",
        "recurrent",
        POINTS,
        "Per recurrent network: how densely its states lie, with the lowest path between two basins; basins and the barrier"
        " between two by training step, beside normal points; and entropy production beside sequences turned backwards",
    ),
    "circuits": Tool(
        "Circuits of recurrent networks",
        "recurrent",
        POINTS,
        "Per recurrent network: a latent circuit, mixed selectivity by training step, triads of its weights against rewired"
        " graphs, signs of units, and events in its states",
    ),
}

# Of small networks whose solution is known, config/organisms.tsv.
ADDITION = ("addition", "addition_shuffled")
ORGANISMS = {
    "grokking": Tool(
        "Grokking",
        "organisms",
        ADDITION,
        "Per organism against the training step: accuracy on pairs that are learnt and on others, the share of few"
        " frequencies beside random embeddings, the length of the weights and the learning coefficient; and when each"
        " measure has half of its final change",
        borrows=("dynamics",),
    ),
    "induction": Tool(
        "Induction heads",
        "organisms",
        ("induction", "induction_fixed"),
        "Per organism against the training step: accuracy on tokens that come back and attention on what followed the last"
        " token before, beside sequences without repetition; accuracy without layers and heads; a head's attention; and when"
        " each measure has half of its final change",
        borrows=("dynamics",),
    ),
    "superposition": Tool(
        "Superposition",
        "organisms",
        ("features_dense", "features_half_sparse", "features_sparse"),
        "Per organism: the directions of five features in two units, how many are stored and units per feature against the"
        " training step beside weights in random order, and the learning coefficient",
    ),
}
# Of networks that have a sheet of their own.
TRAINED_FOR_A_TASK = RECURRENT | ORGANISMS

# Of cells, synapses, networks and models that they make themselves, toolkit.seeds of each; and of a recording that a package
# ships.
SELF_CONTAINED = {
    "double_descent": Tool(
        "Double descent",
        "organisms",
        (),
        "Test error of models by their number of random features, without a penalty and with one",
        once=True,
    ),
    "receptors": Tool(
        "A grasshopper's receptors",
        "alignment",
        (),
        "Per recording of a grasshopper's auditory receptor: its linear field, the predicted rate above its spikes, and"
        " correlation and bits per spike of models of the sound, beside spikes shifted in a circle",
        once=True,
    ),
    "biophysics": Tool(
        "Biophysics",
        "biophysics",
        (),
        "Voltages and rates of model cells, synapses by use and by competition; and accuracy of networks that spike, or that"
        " obey Dale's law, beside free ones, and errors of recurrent networks with a penalty on the spectrum of their states"
        " beside a matched one; and median weights between cells that excite and that inhibit",
    ),
}
ALL_TOOLS = {
    name: tool
    for page in PAGES
    for name, tool in (TOOLS | TRAINED_FOR_A_TASK | SELF_CONTAINED).items()
    if tool.page == page
}


def tools_on(page: str) -> dict[str, Tool]:
    """The tools of a page by name, in its order."""
    return {name: tool for name, tool in ALL_TOOLS.items() if tool.page == page}


def tools_for(family: str) -> list[str]:
    """The names of the tools that fit a family."""
    return [name for name, tool in TOOLS.items() if family in tool.families]


def fits_task(name: str, task: str) -> bool:
    """Whether a tool of RECURRENT or ORGANISMS looks into networks that are trained for a task."""
    tasks = TRAINED_FOR_A_TASK[name].families
    return not tasks or task in tasks


def load(name: str, part: str):
    """A module of a tool by name: measure, findings, figure or across."""
    return import_module(f"repdyn.toolkit.{name}.{part}")


def caption(name: str) -> str:
    """The caption of a tool's figure."""
    return files(f"repdyn.toolkit.{name}").joinpath("caption.rst").read_text(encoding="utf-8").strip()
