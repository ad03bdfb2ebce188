"""The tools for classifiers on recurrent networks that are asked once, at the end of a sequence."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from repdyn.errors import StudyError
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry, joined
from repdyn.recurrent.asked import LAYERS, Asked, questions
from repdyn.recurrent.subject import RecurrentSubject
from repdyn.seeds import derive
from repdyn.toolkit.attribution.measure import measure as attribution
from repdyn.toolkit.dynamics.measure import measure as dynamics
from repdyn.toolkit.geometry.measure import without_pictures as geometry
from repdyn.toolkit.information.measure import measure as information
from repdyn.toolkit.interventions.measure import measure as interventions
from repdyn.toolkit.looks import looks
from repdyn.toolkit.own_model import subjects
from repdyn.toolkit.patching.measure import measure as patching
from repdyn.toolkit.topology.measure import measure as topology

HELD_OUT, TRAINING = 200, 400  # sequences
LOOKS = 4  # checkpoints at which topology and information look, from the first to the last, evenly in their order

# What of each tool is kept; by how many checkpoints it sees: all, LOOKS of them, the last.
AT_ALL = {
    dynamics: (
        "drift_from_init", "participation_ratio", "held_out_loss", "classes_emerged", "units_emerged", "straightness",
        "pc1_share",
    ),
}  # fmt: skip
AT_SOME = {
    topology: ("beyond_0", "beyond_1", "longest_1"),
    information: ("class_components", "class_entropy", "probe_accuracy", "probe_information"),
}
AT_THE_END = {
    geometry: ("dimension_mle", "dimension_twonn", "geodesic_ratio", "class_capacity"),
    interventions: ("top_unit_loss", "zero_resample_rho"),
    patching: ("component_denoising", "component_count", "circuit_share"),
    attribution: ("deletion/integrated_gradients", "completeness/integrated_gradients", "sanity/integrated_gradients"),
}


def measure(subject: RecurrentSubject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """The first seed of a network, of others nothing: it is asked once, after the last time step of HELD_OUT sequences with
    a single right answer, which is the state of the three bits, the sign of the evidence, or the teacher's only move at one
    place of a game. An answer is a class; layer "state" is its state then, "input" the whole sequence. TRAINING other
    sequences stand for the training data. Null and source of a quantity are those of the section of its tool. Paths are
    measured at every checkpoint, topology and information at LOOKS of them, the rest at the last.

    - classes [count]: of answers, once.
    - refused/<tool> [count]: 1 where a tool refused the network; why stands in the log.
    - drift_from_init [1 - CKA]: debiased linear CKA to step 0. Null: to other initialisations. Source: Kornblith 2019.
    - participation_ratio [dimensions]: of the covariance of the states.
    - held_out_loss [nats]: cross entropy of the classes; the training did not lower it, but the error of its task.
    - classes_emerged, units_emerged [share]: of classes and units that emerge. Null: shuffled labels.
    - straightness [share]: distance from the first checkpoint over the length of the way. Null: random walks with the
      same lengths of steps. Source: Antognini & Sohl-Dickstein 2018.
    - pc1_share [share]: variance of the positions in the first principal component. Null: as of straightness.
    - dimension_mle, dimension_twonn [dimensions]: intrinsic dimension. Null: Gaussian points of the same covariance.
      Source: Levina & Bickel 2004; Facco 2017.
    - geodesic_ratio [ratio]: geodesic over straight distance. Null: Gaussian points. Source: Tenenbaum 2000.
    - class_capacity [classes per dimension]: of the clouds of classes. Null: shuffled labels. Source: Chung, Lee &
      Sompolinsky 2018.
    - beyond_0 [count]: clusters that join at a larger distance than any of the Gaussian clouds do: one less than there
      are clusters. A test at 5 % of one or more.
    - beyond_1 [count]: loops that are longer than all of the Gaussian clouds. A test at 5 % of one or more.
    - longest_1 [root mean square distance]: length of the longest loop. Null: Gaussian clouds.
    - class_components [nats]: information on the class in two principal coordinates. Null: random orders. Source: Ross
      2014.
    - class_entropy [nats]: of the classes, once: what nothing can exceed.
    - probe_accuracy [share]: held-out accuracy of a linear probe of the class. Null: control labellings. Source: Hewitt &
      Liang 2019.
    - probe_information [nats]: what the layer says at the least by that accuracy. Source: Fano 1961.
    - top_unit_loss [nats]: rise of the cross entropy without the unit that matters most on training sequences, resampled.
      Null: a unit at random, exact. Source: Chan 2022.
    - zero_resample_rho [correlation]: of what units do to the loss at zero and resampled. Null: permutation, exact.
    - component_denoising [R]: share of the difference between two classes that the leading components of the state carry
      over; of the whole state it is 1. Null: random directions.
    - component_count [count]: of these components.
    - circuit_share [share]: of units from which on they carry .9. Null: random orders. Source: Conmy 2023; Hanna 2024.
    - deletion/integrated_gradients [share of the scale]: area by which the answer falls faster than in random order when
      inputs are replaced, highest first. Null: random orders, mean 0. Source: Petsiuk 2018; Sundararajan 2017.
    - completeness/integrated_gradients [share]: by which the attributions miss what they should sum to.
    - sanity/integrated_gradients [correlation]: with the map of a network with new random weights. Null: maps of other
      examples. Source: Adebayo 2018.

    Maps: trajectory and walk (T, 2), the path of the weights in two principal components, and of a random walk.
    """
    if subject.key[-1] != 0:
        return combine([]), {}
    tables, maps = [combine([entry(subject.steps[0], "", "classes", len(subject.task.answers))])], {}
    for steps, tools in (
        (subject.steps, AT_ALL),
        (looks(subject.steps, LOOKS), AT_SOME),
        (subject.steps[-1:], AT_THE_END),
    ):
        pair = _pair(subject, steps)
        for tool, kept in tools.items():
            try:
                table, arrays = tool(*pair)
            except StudyError as refusal:
                name = tool.__module__.split(".")[-2]
                print(f"{name} refused {subject.key[0]}: {refusal}")
                tables.append(combine([entry(subject.steps[0], "", f"refused/{name}", 1)]))
                continue
            tables.append(table[table["quantity"].isin(kept)])
            maps |= {name: arrays[name] for name in ("trajectory", "walk") if name in arrays}
    return joined(tables), maps


def _pair(subject: RecurrentSubject, steps: list[int]) -> tuple[Subject, Subject]:
    """The network at some steps as tools for classifiers take it, with held-out and with training sequences."""
    held_out, training = _questions(subject)
    model = Asked(subject.network, subject.task.answers)
    return subjects(model, {step: subject.states[step] for step in steps}, held_out, training, LAYERS, key=subject.key)


def _questions(subject: RecurrentSubject) -> Iterator[tuple]:
    for split, n in (("held out", HELD_OUT), ("training", TRAINING)):
        yield questions(subject.task, n, np.random.default_rng(derive("recurrent", "questions", split)))
