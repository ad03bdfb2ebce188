"""Small models whose solution is known, and how degenerate minima of known shape are."""

import numpy as np
import torch

from repdyn.calibration.trial import Trial
from repdyn.dynamics.learning_coefficient import learning_coefficient
from repdyn.organisms.double_descent import random_feature_error
from repdyn.organisms.grokking import PRIME, first_step, frequency_share, modular_addition
from repdyn.organisms.induction import FIXED, HEADS, PERIODS, TIME, TOKENS, WIDTH, induction, prefix_matching, sequences
from repdyn.organisms.superposition import fitted_toy, gaps, stored_features
from repdyn.organisms.tasks import initialise


def features_in_two_units(rng: np.random.Generator) -> Trial:
    def found(sparsity):
        return len(stored_features(fitted_toy(5, 2, sparsity, int(rng.integers(2**31)))[0].weights))

    return Trial(
        "five features, each there in a tenth of the rows, in two units", "features stored", 5, 0, [found(0.9)],
        "features that are always there", 2, 0, [found(0.0)],
    )  # fmt: skip


def angles_of_pairs(rng: np.random.Generator) -> Trial:
    def least(directions):
        angles = 2 * np.pi * (np.arange(directions) / directions + rng.random())
        return gaps(np.stack([np.cos(angles), np.sin(angles)])).min()

    return Trial(
        "directions of a pentagon", "degrees", 72, 1e-6, [least(5) for _ in range(3)],
        "two opposite directions", 180, 1e-6, [least(2) for _ in range(3)],
    )  # fmt: skip


def second_descent(rng: np.random.Generator) -> Trial:
    def peaks(ridge):
        """Whether it is ten times worse with as many features as rows than with half and with ten times as many."""
        few, equal, many = (
            np.mean([random_feature_error(100, 20, p, rng, ridge=ridge) for _ in range(5)]) for p in (50, 100, 1000)
        )
        return float(equal > 10 * max(few, many))

    return Trial(
        "random features, half as many as rows, as many, ten times as many", "peaks of the error", 1, 0,
        [peaks(0.0) for _ in range(3)], "with a ridge penalty", 0, 0, [peaks(0.1) for _ in range(3)],
    )  # fmt: skip


def circles(rng: np.random.Generator) -> Trial:
    angles = 2 * np.pi * np.arange(PRIME) / PRIME

    def of(noise):
        kept = rng.permutation(np.arange(1, PRIME // 2 + 1))[:3]
        planted = np.stack([turn(k * angles) for k in kept for turn in (np.cos, np.sin)], 1)
        return frequency_share(
            (1 - noise) * planted @ rng.standard_normal((6, 64)) + noise * rng.standard_normal((PRIME, 64))
        )

    return Trial(
        "numbers on three circles", "share of five frequencies", 1, 1e-9, [of(0) for _ in range(5)],
        "random numbers", 5 / (PRIME // 2), 0.05, [of(1) for _ in range(5)],
    )  # fmt: skip


def attention_on_what_followed(rng: np.random.Generator) -> Trial:
    periods = rng.integers(PERIODS[0], PERIODS[1] + 1, 20)

    def of(distance):
        """All attention at a distance back."""
        back = torch.arange(TIME)[:, None] - torch.arange(TIME)
        there = torch.stack([(back == distance(period)).float() for period in periods.tolist()])
        return float(prefix_matching(there[:, None], periods)[0])

    return Trial(
        "attention one less than a block back", "share of it", 1, 1e-6, [of(lambda period: period - 1)],
        "attention a block back", 0, 1e-6, [of(lambda period: period)],
    )  # fmt: skip


def heads_taken_away(rng: np.random.Generator) -> Trial:
    """A network of which one head, of the second layer, reads half of the tokens a fixed distance back, and no other."""
    key = ("calibration", int(rng.integers(2**31)))
    network, batch = initialise(induction(key, fixed=True), key), sequences(np.full(40, FIXED), rng)
    size = WIDTH // HEADS  # kinds of tokens that a head can carry
    kinds = torch.arange(size)
    with torch.no_grad():
        for part in network.parameters():
            part.zero_()
        network.embedding[:, :TOKENS] = torch.eye(TOKENS)
        network.projections[1, 2, kinds, kinds] = 1
        network.projections[1, 3, kinds, TOKENS + kinds] = 1
        network.distances[:, :, FIXED - 1] = 50
        network.readout[TOKENS:] = torch.eye(TOKENS)
        carried = (batch.targets >= 0) & (batch.targets < size)

        def lost(ablated):
            right = [network(batch.inputs, heads).argmax(-1) == batch.targets for heads in ((), ablated)]
            return float(right[0][carried].float().mean() - right[1][carried].float().mean())

        return Trial(
            "the head that alone holds half of the answers", "accuracy lost on those", 1 - 1 / size, 0.03,
            [lost([(1, 0)])], "the heads of a layer that writes nothing", 0, 0, [lost([(0, head) for head in range(HEADS)])],
        )  # fmt: skip


def late_rule(rng: np.random.Generator) -> Trial:
    def comes_late(decay):
        found = modular_addition(53, decay, int(rng.integers(2**31)), 750)
        return float(first_step(found.steps, found.test) >= 6 * first_step(found.steps, found.training))

    return Trial(
        "addition modulo 53, half of the table: the rule six times later than the half by heart", "rule found late", 1, 0,
        [comes_late(1.0)], "without decay of the weights: never", 0, 0, [comes_late(0.0)],
    )  # fmt: skip


def degenerate_minimum(rng: np.random.Generator) -> Trial:
    def found(at):
        def loss(weights):
            return (weights**4).sum(1)

        return learning_coefficient(loss, np.array([at]), 2000, int(rng.integers(2**31)), 0.005, 2000, 64).value

    return Trial(
        "a loss of w^4", "learning coefficient", 0.25, 0.04, [found(0.0)], "weights that are no minimum", np.nan, 0,
        [found(2.0)],
    )  # fmt: skip
