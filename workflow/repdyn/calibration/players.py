"""Recurrent networks and players whose answers are known: built by hand, or made of the teacher's own moves."""

import numpy as np
import torch

from repdyn.calibration.trial import Trial
from repdyn.recurrent.asked import Asked, questions
from repdyn.recurrent.connect_four import COLUMNS, play, tactics
from repdyn.recurrent.losses import cross_entropy, entropy
from repdyn.recurrent.networks import RecurrentNetwork
from repdyn.recurrent.play import taken, taken_at_random
from repdyn.recurrent.tasks import TASKS

WINS = 0.6  # share of the wins that the planted player takes
GAMES, SEQUENCES = 600, 300


def flipflop_by_hand(kept: float = 2.0) -> RecurrentNetwork:
    """Three units that excite themselves by `kept`, each set by a bit's pulses and read out as that bit."""
    network = RecurrentNetwork("rnn", 3, 3, 3).requires_grad_(False)
    for bias in (network.cell.bias_ih_l0, network.cell.bias_hh_l0, network.readout.bias):
        bias.zero_()
    network.cell.weight_ih_l0.copy_(4 * torch.eye(3))
    network.cell.weight_hh_l0.copy_(kept * torch.eye(3))
    network.readout.weight.copy_(torch.eye(3))
    return network


def answers_at_the_end(rng: np.random.Generator) -> Trial:
    task = TASKS["flipflop"]

    def accuracy(kept):
        inputs, labels = questions(task, SEQUENCES, rng)
        scores = Asked(flipflop_by_hand(kept), task.answers)(inputs)
        return float((scores.argmax(1) == labels).float().mean())

    # What does not remember knows a bit that had its pulse just now, of the others half.
    chance = (0.1 + 0.9 / 2) ** 3
    return Trial(
        "three units that keep a bit each, by hand", "accuracy when asked at the end", 1, 0,
        [accuracy(2.0) for _ in range(3)],
        "the same without recurrence", chance, 0.06, [accuracy(0.0) for _ in range(3)],
    )  # fmt: skip


def chances_taken(rng: np.random.Generator) -> Trial:
    def wins(share):
        games = play(GAMES, rng)
        found = tactics(games.mine, games.theirs)
        takes = (rng.random(games.moves.shape) < share)[..., None]
        others = found.legal & ~found.wins
        wanted = np.where(found.wins.any(-1, keepdims=True), np.where(takes, found.wins, others), found.legal)
        return taken(_any_of(wanted, rng), games)["wins_taken"]

    def beside_chance():
        games = play(GAMES, rng)
        moves = _any_of(tactics(games.mine, games.theirs).legal, rng)
        return taken(moves, games)["wins_taken"] - taken_at_random(games)["wins_taken"]

    return Trial(
        f"a player of Connect Four that takes {100 * WINS:.0f} % of its wins", "wins taken", WINS, 0.04,
        [wins(WINS) for _ in range(3)],
        "random legal moves, less what is expected of them", 0, 0.04, [beside_chance() for _ in range(3)],
    )  # fmt: skip


def entropy_of_the_teacher(rng: np.random.Generator) -> Trial:
    batches = [TASKS["connect4_moves"].draw(100, rng) for _ in range(3)]
    alike = [float(cross_entropy(torch.zeros_like(batch.targets), batch)) for batch in batches]
    teachers = [float(cross_entropy(torch.log(batch.targets + 1e-30), batch)) - entropy(batch) for batch in batches]
    return Trial(
        "a player to whom all columns are alike", "cross entropy, nats", float(np.log(COLUMNS)), 1e-5, alike,
        "the teacher itself, less its entropy", 0, 1e-5, teachers,
    )  # fmt: skip


def _any_of(wanted: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random one of the wanted moves (..., COLUMNS) bool at every position."""
    return np.where(wanted, rng.random(wanted.shape), -1).argmax(-1)
