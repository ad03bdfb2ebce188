"""Simulated brains made from a layer of the network: which layers predict them, and how often the right one is picked."""

import numpy as np
import pandas as pd

from repdyn.activations.addresses import named
from repdyn.alignment import rsa
from repdyn.alignment.comparison import METHODS, PAIRED, canonical_ceiling, compared, distances, encoding_ceiling
from repdyn.alignment.dissimilarity import squared_distances
from repdyn.alignment.folds import FOLDS, LEAST
from repdyn.alignment.shared import hyperalignment, inter_subject_correlation
from repdyn.alignment.simulated import wrong_picks
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.models.embedding import PADDING
from repdyn.roles import INPUT, state_layers
from repdyn.seeds import derive
from repdyn.toolkit.alignment.subjects import Simulated, picking_scores, simulated_subject, usable
from repdyn.toolkit.layers import flat

STIMULI = 300  # held-out examples, at most
SUBJECTS = 5
UNITS = 12
REPEATS = 10
SNRS = (0.03, 0.1, 0.3, 1)
SHOWN = 0.3  # the signal-to-noise ratio of the brain that is looked at in every way
SHUFFLES = 5  # orders of the stimuli
DRAWS = 100  # of the interval over stimuli and subjects
PICKED_BY = ("encoding", "similarity", "encoding_others", "similarity_others")


def measure(held_out: Subject, training: Subject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """The first and the last step, on at most STIMULI held-out examples; `training` is not looked at. No maps.

    A simulated brain has SUBJECTS subjects; each has UNITS units, which are random mixtures of a random half of the units of
    one layer after training, and REPEATS repeats with independent noise. What each layer predicts is measured of the brain
    that is made from the middle hidden layer or block at a signal-to-noise ratio of SHOWN. Numbers at the first step are of
    the untrained network; layer input: pixels or word counts. NaN for layers of fewer than four units or without variance,
    and for too few examples.

    - encoding [correlation]: of responses, means over repeats, with what a ridge regression predicts on held-out stimuli;
      mean over units and subjects. Null: SHUFFLES orders of the stimuli. Source: Naselaris 2011.
    - partial_least_squares [correlation]: the same by partial least squares, of the first subject. Null: an order of the
      stimuli. Source: Wold 1975; Yamins 2014.
    - cca, svcca, pwcca [correlation]: mean canonical correlation on held-out stimuli, of the first 20 principal components
      of a layer with the first subject; of directions with 99 % of the variance; weighted by what they carry of the layer.
      Null: an order of the stimuli. Source: Hotelling 1936; Raghu 2017; Morcos 2018.
    - similarity [Spearman's correlation]: of squared distances of pairs of stimuli with cross-validated distances in the
      brain, mean over subjects; at most 100 stimuli. similarity_low and similarity_high: 95 % interval over stimuli and
      subjects. Null: SHUFFLES orders of the stimuli. Source: Kriegeskorte 2008; Walther 2016; Schuett 2023.
    - made_from [0 or 1]: whether the brain is made from the layer.
    - encoding_ceiling [correlation]: what a model without error would have, from the reliability over repeats. Source:
      Spearman 1910; Brown 1910.
    - cca_ceiling [correlation]: the same for cca and svcca, from halves of the repeats of the first subject; pwcca, whose
      weights depend on the layer, has none.
    - similarity_ceiling_lower, similarity_ceiling_upper [Spearman's correlation]: bounds on the best model, from subjects
      left out in turn. Source: Nili 2014.
    - wrong_encoding, wrong_similarity [share] (unit: signal-to-noise ratio): of brains, made from each
      layer for each subject, the layer that predicts best is not the right one. Null: picked at random.
    - wrong_encoding_others, wrong_similarity_others [share] (unit: signal-to-noise ratio): the same
      where of every layer only those units are seen that the brain made from it does not mix. Null: picked at random.
    - subjects_alike, subjects_aligned [correlation]: of responses between subjects, unit by unit, and after rotations into a
      common space, which are fitted on half of the stimuli and judged on the others. Null: rotations fitted to stimuli in
      orders of their own. Source: Hasson 2004; Haxby 2011.
    - signal_to_noise [ratio] (unit: signal-to-noise ratio): variance of the signal over that of the noise of a repeat.
    - signal_to_noise_shown [ratio]: that of the brain that is looked at in every way.
    - stimuli, subjects, repeats, brains [count]: how many; brains: of how many each share of wrong picks is.
    """
    first, last = held_out.steps[0], held_out.steps[-1]
    hidden = state_layers(held_out.roles)
    before, after = (
        {named(layer): held_out.examples(step)[layer][:STIMULI] for layer in hidden} for step in (first, last)
    )
    right, names = named(hidden[(len(hidden) - 1) // 2]), usable(after)
    stimuli = len(after[right])
    if right not in names or stimuli < max(LEAST * FOLDS, 2 * UNITS + 2):
        return combine([entry(last, right, name, np.nan) for name in (*METHODS, "encoding_ceiling")]), {}
    layers, key = {name: after[name] for name in names}, (*held_out.key, "alignment")
    subjects = [simulated_subject(layers, (*key, number), UNITS, REPEATS, SNRS) for number in range(SUBJECTS)]
    brains = [subject.brains[right, SHOWN] for subject in subjects]
    entries = _ceilings(last, right, brains, key)
    for name in names:
        entries += _compared(first, name, before[name], brains, key) + _compared(last, name, after[name], brains, key)
        rng = np.random.default_rng(derive(*key, "interval", name))
        found = rsa.both_factor_interval(squared_distances(after[name][:PAIRED]), distances(brains), rng, DRAWS)
        entries += [
            entry(last, name, f"similarity_{end}", value) for end, value in zip(("low", "high"), found, strict=True)
        ]
        entries.append(entry(last, name, "made_from", name == right))
    entries += _compared(first, INPUT, _seen(held_out)[:STIMULI], brains, key)
    entries += _picks(last, layers, subjects, key) + _shared(last, right, np.stack(brains).mean(1), key)
    counts = {"stimuli": stimuli, "subjects": SUBJECTS, "repeats": REPEATS, "signal_to_noise_shown": SHOWN}
    entries += [entry(last, "", name, value) for name, value in counts.items()]
    return combine([*entries, entry(last, "", "signal_to_noise", SNRS)]), {}


def _seen(subject: Subject) -> np.ndarray:
    """What comes in, as rows: all its numbers, or of texts how often they have each word."""
    if not subject.text:
        return flat(subject.inputs)
    tokens = subject.inputs.cpu().numpy()
    counts = np.zeros((len(tokens), int(tokens.max()) + 1))
    np.add.at(counts, (np.arange(len(tokens))[:, None], tokens), 1)
    counts[:, PADDING] = 0
    return counts[:, counts.any(0)]


def _compared(step: int, layer: str, x: np.ndarray, brains: list, key: tuple) -> list[dict]:
    if not np.isfinite(x).all():
        return [entry(step, layer, name, np.nan) for name in METHODS]
    found = compared(x, brains, np.random.default_rng(derive(*key, "compared", layer, step)), SHUFFLES)
    return [entry(step, layer, name, *numbers) for name, numbers in found.items()]


def _ceilings(step: int, right: str, brains: list, key: tuple) -> list[dict]:
    rng = np.random.default_rng(derive(*key, "ceiling"))
    lower, upper = rsa.similarity_ceiling(distances(brains))
    return [
        entry(step, right, "encoding_ceiling", encoding_ceiling(brains, rng)),
        entry(step, right, "cca_ceiling", canonical_ceiling(brains[0], rng)),
        entry(step, right, "similarity_ceiling_lower", lower),
        entry(step, right, "similarity_ceiling_upper", upper),
    ]


def _picks(step: int, layers: dict[str, np.ndarray], subjects: list[Simulated], key: tuple) -> list[dict]:
    """Shares of wrong picks; not evaluable where there is one layer to pick."""
    if len(layers) < 2:
        return [entry(step, "", f"wrong_{name}", np.full(len(SNRS), np.nan)) for name in PICKED_BY]
    count, chance = len(layers) * len(subjects), 1 - 1 / len(layers)
    right = np.tile(np.arange(len(layers)), len(subjects))
    scores: dict[str, list] = {name: [] for name in PICKED_BY}
    for number, subject in enumerate(subjects):
        unmixed = {name: x[:, subject.others[name]] for name, x in layers.items()}
        for models, suffix in ((layers, ""), (unmixed, "_others")):
            for method, found in picking_scores(models, subject, (*key, number)).items():
                scores[method + suffix].append(found)
    entries = [entry(step, "", "brains", count)]
    for name, found in scores.items():
        wrong = [wrong_picks(np.array([each[layer, snr] for each in found for layer in layers]), right) for snr in SNRS]
        entries.append(entry(step, "", f"wrong_{name}", wrong, chance, np.sqrt(chance * (1 - chance) / count)))
    return entries


def _shared(step: int, right: str, means: np.ndarray, key: tuple) -> list[dict]:
    rng = np.random.default_rng(derive(*key, "shared"))
    order = rng.permutation(means.shape[1])
    fitted, judged = (means[:, half] for half in np.array_split(order, 2))
    shuffled = np.stack([rng.permutation(each) for each in fitted])
    before, after, null = (
        inter_subject_correlation(each)
        for each in (judged, judged @ hyperalignment(fitted), judged @ hyperalignment(shuffled))
    )
    return [entry(step, right, "subjects_alike", before), entry(step, right, "subjects_aligned", after, null)]
