"""Where the difference between two classes travels: activation and path patching, causal tracing and circuits."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from repdyn.activations.answers import count
from repdyn.interventions.patching import Site, measured, patch_each, whole
from repdyn.interventions.paths import path_patched
from repdyn.interventions.recovery import MINIMUM_PAIRS, drawn
from repdyn.measures.subject import Subject
from repdyn.measures.table import combine, entry
from repdyn.measures.units import selectivity_importance as rank_correlation
from repdyn.toolkit.pairwise import Look, pairs_of
from repdyn.toolkit.patching.circuits import circuits
from repdyn.toolkit.patching.components import components
from repdyn.toolkit.patching.edges import edges
from repdyn.toolkit.patching.features import features
from repdyn.toolkit.patching.logits import logits
from repdyn.toolkit.patching.positions import positions, tracing
from repdyn.toolkit.patching.swaps import swaps

# Share of a layer's units that are patched together.
TOP = 0.1
# Random sets and random directions to compare with, and random orders in which circuits grow.
DRAWS = 10
ORDERS = 20
THRESHOLD = 0.9
# Greedy elimination takes as many runs as half the square of the nodes: of more nodes it is left out.
GREEDY_NODES = 128
# Parts of a channel's map along a side, each a position.
CELLS = 4


def measure(held_out: Subject, training: Subject) -> tuple[pd.DataFrame, dict]:
    """Patching between held-out examples of two classes, a (clean) and b (corrupted), at the grid steps.

    The classes are the two of the training data whose mean inputs are nearest (texts: mean word frequencies). A pair is
    one example of each that the network gets right at the last step, texts of the same length; at most PAIRS, no
    example twice, the same at all steps. The metric is the logit of a minus that of b. R is `recovery.recovery`: the
    share of the difference between the two runs that a patch carries over; NaN where the two runs do not differ. Every
    R has its 95 % bootstrap interval over pairs in <name>_low and <name>_high. Nothing is patched with fewer than
    MINIMUM_PAIRS pairs. Units and nodes are chosen on pairs of the training split (discovery), R is measured on
    held-out pairs.

    A site is a unit of a hidden layer, a channel, a head, or the attention or feed-forward output of a block; sets of
    units and components are of every hidden layer, channel layer or feed-forward layer (components: the output of every
    block). Circuits are of the last step: nodes are units, channels, or heads and feed-forward layers. Positions (of
    tokens, or CELLS x CELLS parts of a channel's map), direct paths of heads, and tracing, of networks that embed tokens,
    are of the last step too.

    - pairs, discovery_pairs [count]: pairs of held-out and of training examples.
    - patched_class [class] (unit: class): the label of a, then of b.
    - span [logits]: mean metric, clean less corrupted.
    - attribution_rho [correlation]: Spearman's, over nodes, of the effect of noising one, and its estimate by
      attribution patching on the same pairs. Null: permutation of nodes, exact. Source: Nanda 2023; Syed 2023.
    - denoising [R] (unit: site): of the corrupted run with the site's clean value. Null: the site's value for another
      example of class b. Source: Heimersheim & Nanda 2024; Wang 2022.
    - noising [R] (unit: site): of the clean run with the site's corrupted value. Source: Heimersheim & Nanda 2024.
    - top_denoising, top_noising [R]: of the TOP share of units with the largest attribution on discovery pairs,
      together. Null: DRAWS random sets of as many units.
    - component_denoising [R]: of the leading principal components of the training data, all else in the layer as in the
      corrupted run. Null: DRAWS sets of as many random orthonormal directions in the space of the training data.
    - component_count [count]: of these components, the participation ratio rounded up.
    - circuit_faithfulness [R] (unit: nodes kept): on clean inputs from no node kept to all kept, all others at their
      corrupted values, nodes by the absolute attribution on discovery pairs. Null: ORDERS random orders. Source: Conmy
      2023; Hanna 2024.
    - circuit_necessity [R] (unit: nodes kept): of the reverse, all nodes kept but these.
    - circuit_share [share]: of nodes from which on the faithfulness stays at THRESHOLD or above. Null: ORDERS random
      orders.
    - greedy_faithfulness, greedy_share [R, share] (unit: nodes kept): the same with nodes by greedy elimination on
      discovery pairs, for networks of at most GREEDY_NODES nodes. Null: ORDERS random orders.
    - edge_noising [R] (unit: edge): of the clean run with one edge corrupted, over which a node hears another directly, at
      the last step, of networks with an embedding and heads, of at most EDGES edges (`toolkit.patching.edges`). Nodes are
      the embedding, heads and feed-forward layers, numbered in that order. Source: Goldowsky-Dill 2023.
    - edge_sender, edge_receiver [node] (unit: edge): its ends; the receiver after the last node is the output.
    - edge_rho [correlation]: Spearman's, over edges, of that effect and its estimate by attribution patching. Null:
      permutation of edges, exact. Source: Syed 2023.
    - edge_faithfulness [R] (unit: edges kept): on clean inputs from no edge kept to all, over all others the corrupted
      values, edges by the absolute attribution on discovery pairs. Null: ORDERS random orders. Source: Conmy 2023; Hanna
      2024.
    - edge_share [share]: of edges from which on the faithfulness stays at THRESHOLD or above. Null: ORDERS random orders.
    - direct_logits [logits] (unit: part): what the embedding, each head and feed-forward layer of each block, and all biases
      add to the metric straight to the output, clean less corrupted, at the last step, of the study's transformers; they
      sum to span. Null, of heads: projected as another head of the layer, all shifts. Source: Elhage 2021; Wang 2022.
    - direct_gap [share]: what that sum misses of span, over the size of all parts.
    - position_denoising [R] (unit: position): denoising at one position of the embedding, of a convolution, or of the
      attention, feed-forward or block output. Null: as of denoising.
    - swap_span [logits]: mean metric, clean less the same texts with the word that speaks most for a (by its frequency in
      the training texts) replaced by the word of the pair's other text that speaks most for b; of texts whose layers hold
      a state for every token, at the last step. Null: DRAWS random swaps of a word for one of the other text.
    - swap_denoising [R] (unit: 0 the position of the word, 1 all others): of the texts with the swapped word, with a
      layer's clean states there. In the embedding it is 1 and 0. Null: the states of an unrelated text of class b.
    - feature_denoising [R]: of the corrupted run, with the TOP share of sparse features with the largest attribution on
      discovery pairs at their clean values, in the last layer through which everything passes, at the last step; what
      the dictionary leaves out stays as it is. Null: DRAWS random sets of as many features. Source: Marks 2024.
    - dictionary_denoising [R]: the same of all features; what it falls short of 1 is not in the dictionary.
    - feature_count [count]: of the features in the TOP share.
    - head_direct [R] (unit: head): denoising on the direct path from the head to the logits, all later modules as in
      the corrupted run; to be compared with denoising of the same head. Source: Goldowsky-Dill 2023.
    - tracing [share] (unit: position): of the effect of noise on the embedding of the clean examples that the clean
      state of the embedding or of a block's output at one position undoes; the metric is the probability of the right
      class, the interval is over examples. Null: the state under other noise. Source: Meng 2022.
    - tracing_total [probability]: what the noise takes from that of the right class. Source: Meng 2022.
    """
    pairs, discovery = pairs_of(held_out, training)
    return combine(_entries(held_out, training, pairs, discovery)), {}


def _entries(held_out: Subject, training: Subject, pairs, discovery) -> Iterator[dict]:
    for step in held_out.grid:
        yield entry(step, "", "pairs", count(pairs.clean))
        yield entry(step, "", "discovery_pairs", count(discovery.clean))
        yield entry(step, "", "patched_class", pairs.classes)
        if min(count(pairs.clean), count(discovery.clean)) < MINIMUM_PAIRS:
            continue
        look = Look(held_out, step, pairs, discovery)
        yield entry(step, "", "span", (look.clean - look.corrupted).mean())
        yield from _sites(look)
        yield from _top_units(look)
        yield from components(look, training.representations(step), DRAWS)
        if step == held_out.grid[-1]:
            yield from circuits(look, ORDERS, THRESHOLD, GREEDY_NODES)
            yield from edges(look, THRESHOLD)
            yield from logits(look)
            yield from positions(look, CELLS)
            yield from _direct(look)
            yield from tracing(look, CELLS)
            yield from swaps(look, training, DRAWS)
            yield from features(look, training, TOP, DRAWS)


def _sites(look: Look) -> Iterator[dict]:
    pairs, groups = look.pairs, look.units()
    if look.parts():
        groups = look.heads() | {path: [whole(path)] for path in look.parts()}
    effects = {}
    for layer, sites in groups.items():
        yield from look.denoised(layer, "denoising", sites)
        noised = patch_each(look.model, pairs.clean, pairs.corrupted, sites, pairs.metric)
        effects[layer] = (look.clean - noised).mean(1)
        single = len(sites) == 1
        yield from look.recovered(layer, "noising", noised[0] if single else noised, look.clean, look.corrupted)
    nodes = look.nodes()
    effect = np.concatenate([effects[path] for path in dict.fromkeys(node.path for node in nodes)])
    rho, sites = rank_correlation(look.attributions(pairs, nodes), effect)
    null = (np.nan, np.nan) if np.isnan(rho) else (0.0, 1 / np.sqrt(sites - 1))
    yield entry(look.step, "", "attribution_rho", rho, *null)


def _top_units(look: Look) -> Iterator[dict]:
    pairs = look.pairs
    for layer, units in look.units().items():
        size = int(np.ceil(TOP * len(units)))
        rng = look.rng("random sets", layer)
        sets = [np.argsort(-look.attributions(look.discovery, units), kind="stable")[:size]]
        sets += [rng.choice(len(units), size, replace=False) for _ in range(DRAWS)]
        together = [Site(layer, torch.stack([units[i].mask for i in chosen]).any(0)) for chosen in sets]
        for quantity, start, end, inputs, donors in (
            ("top_denoising", look.corrupted, look.clean, pairs.corrupted, pairs.clean),
            ("top_noising", look.clean, look.corrupted, pairs.clean, pairs.corrupted),
        ):
            changed = patch_each(look.model, inputs, donors, together, pairs.metric)
            yield from look.recovered(layer, quantity, changed[0], start, end, drawn(changed[1:], start, end))


def _direct(look: Look) -> Iterator[dict]:
    model, pairs, modules, heads = look.model, look.pairs, look.parts(), look.heads()
    for path, layer in look.head_paths.items():
        later = modules[modules.index(path) + 1 :]
        outputs = [path_patched(model, pairs.corrupted, pairs.clean, [head], frozen=later) for head in heads[layer]]
        changed = np.stack([measured(pairs.metric, output) for output in outputs])
        yield from look.recovered(layer, "head_direct", changed, look.corrupted, look.clean)
