"""Attention that finds what followed a token before: induction heads (Olsson 2022, arXiv:2209.11895)."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from repdyn.errors import StudyError
from repdyn.organisms.tasks import Batch, Task
from repdyn.seeds import derive

TOKENS, TIME = 32, 42  # kinds; length of a sequence
PERIODS = (6, 20)  # from the shortest block to the longest that a sequence repeats
FIXED = 12  # the period of the task that always has the same one
WIDTH, LAYERS, HEADS = 64, 2, 4
HELD_OUT = 8  # sequences per period
WARM = 0.1  # share of the steps over which the learning rate rises; then it falls linearly


class AttentionNetwork(nn.Module):
    """Two layers of attention alone, with a bias by distance: tokens (n, T) to logits of the next (n, T, TOKENS)."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Parameter(torch.randn(TOKENS, WIDTH) * 0.5)
        self.projections = nn.Parameter(torch.randn(LAYERS, 4, WIDTH, WIDTH) * WIDTH**-0.5)
        self.distances = nn.Parameter(torch.zeros(LAYERS, HEADS, TIME))
        self.readout = nn.Parameter(torch.randn(WIDTH, TOKENS) * WIDTH**-0.5)

    def forward(self, inputs: torch.Tensor, ablated: Iterable[tuple[int, int]] = ()) -> torch.Tensor:
        return self.attended(inputs, ablated)[1]

    def observed(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The last states at all positions (n T, WIDTH), and the outputs."""
        states, outputs, _ = self.attended(inputs)
        return states.flatten(0, 1), outputs

    def attended(
        self, inputs: torch.Tensor, ablated: Iterable[tuple[int, int]] = ()
    ) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]:
        """States (n, T, WIDTH), logits, and the attention (n, HEADS, T, T) of each layer; ablated heads, (layer, head),
        write nothing."""
        n, time = inputs.shape
        states, patterns, removed = self.embedding[inputs], [], set(ablated)
        distance = torch.arange(time)[:, None] - torch.arange(time)
        for layer in range(LAYERS):
            query, key, value, out = self.projections[layer]
            q, k, v = (
                (states @ part).view(n, time, HEADS, WIDTH // HEADS).transpose(1, 2) for part in (query, key, value)
            )
            scores = q @ k.transpose(2, 3) * (WIDTH // HEADS) ** -0.5 + self.distances[layer][:, distance.clamp(min=0)]
            pattern = scores.masked_fill(distance < 0, -torch.inf).softmax(-1)
            written = pattern @ v
            kept = torch.tensor([float((layer, head) not in removed) for head in range(HEADS)])
            states = states + (written * kept[:, None, None]).transpose(1, 2).reshape(n, time, WIDTH) @ out
            patterns.append(pattern)
        return states, states @ self.readout, patterns


def sequences(periods: np.ndarray, rng: np.random.Generator) -> Batch:
    """A sequence of TIME tokens for each of periods (n,): a block of that many different tokens, over and over.

    Targets: the next token from the second token of the second block on, -1 where nothing says it.
    """
    periods = np.asarray(periods)
    if periods.ndim != 1 or not ((periods >= 2) & (periods < min(TOKENS, TIME - 1))).all():
        raise StudyError(f"periods (n,) from 2 to {min(TOKENS, TIME - 1) - 1} are needed, found {periods}")
    blocks = rng.permuted(np.tile(np.arange(TOKENS), (len(periods), 1)), axis=1)
    positions = np.arange(TIME + 1)
    tokens = np.take_along_axis(blocks, positions % periods[:, None], 1)
    targets = np.where(positions[:-1] >= periods[:, None], tokens[:, 1:], -1)
    return Batch(torch.from_numpy(tokens[:, :-1].copy()), torch.from_numpy(targets))


def unrepeated(n: int, rng: np.random.Generator) -> torch.Tensor:
    """Tokens (n, TIME) in which nothing comes back: the null, in which an induction head has nothing to attend to.

    They have to come back when they are as many as kinds; then each at a place of its own in another order.
    """
    halves = [rng.permuted(np.tile(np.arange(TOKENS), (n, 1)), axis=1) for _ in range(-(-TIME // TOKENS))]
    return torch.from_numpy(np.concatenate(halves, 1)[:, :TIME])


def induction(key: tuple, fixed: bool = False) -> Task:
    """The next token of a sequence that repeats a block, with a period that is drawn for each batch.

    With a fixed period a network learns the distance and no induction. The held-out sequences have all periods.
    """
    periods = np.arange(PERIODS[0], PERIODS[1] + 1)

    def draw(n: int, rng: np.random.Generator) -> Batch:
        period = FIXED if fixed else rng.choice(periods)
        return sequences(np.full(n, period), rng)

    rng = np.random.default_rng(derive("induction", "held out"))
    held_out = sequences(np.repeat(periods, HELD_OUT), rng)
    learnt = sequences(np.full(HELD_OUT * len(periods), FIXED), rng) if fixed else None
    optimum = "the same distance back" if fixed else "a head that looks for the last token, and writes what followed it"
    return Task(AttentionNetwork, draw, held_out, _error, _accuracy, _rate, optimum, learnt)


def accuracy_without(network: AttentionNetwork, task: Task, batch: Batch, heads: Iterable[tuple[int, int]]) -> float:
    """Share of right answers of a network of which some heads, (layer, head), write nothing."""
    with torch.no_grad():
        return task.accuracy(network(batch.inputs, heads), batch)


def prefix_matching(pattern: torch.Tensor, periods: np.ndarray) -> np.ndarray:
    """Attention of each head (h,) on what followed the last token in earlier blocks, mean over positions from the second
    block on; pattern (n, h, T, T) of sequences with these periods (n,). Olsson 2022, "Prefix matching score"."""
    return _attention_on(pattern, periods, lambda back, period: back % period == period - 1)


def previous_token(pattern: torch.Tensor, periods: np.ndarray) -> np.ndarray:
    """Attention of each head (h,) on the token before, over the same positions."""
    return _attention_on(pattern, periods, lambda back, period: back == 1)


def _attention_on(pattern: torch.Tensor, periods: np.ndarray, wanted) -> np.ndarray:
    time = pattern.shape[-1]
    if pattern.ndim != 4 or len(periods) != len(pattern):
        raise StudyError(
            f"attention (n, h, T, T) with a period each is needed, found {tuple(pattern.shape)} and {len(periods)}"
        )
    back = torch.arange(time)[:, None] - torch.arange(time)
    scores = []
    for each, period in zip(pattern, periods, strict=True):
        there = wanted(back, int(period)) & (back >= 0)
        scores.append((each * there).sum(-1)[:, int(period) :].mean(-1))
    return torch.stack(scores).mean(0).double().numpy()


def _error(outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Cross entropy over the positions that count, in nats."""
    return cross_entropy(outputs.flatten(0, 1), batch.targets.flatten(), ignore_index=-1)


def _accuracy(outputs: torch.Tensor, batch: Batch) -> float:
    counted = batch.targets >= 0
    return float((outputs.argmax(-1) == batch.targets)[counted].float().mean())


def _rate(share: float) -> float:
    return min(share / WARM, (1 - share) / (1 - WARM)) if share < 1 else 0.0
