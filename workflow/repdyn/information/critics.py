"""Lower bounds of mutual information by a critic, a network trained to tell pairs from shuffled pairs; in nats."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from repdyn.errors import StudyError
from repdyn.training.adam import Adam

UNITS = 64  # of each of the two hidden layers
UPDATES = 1500
BATCH = 256
RATE = 1e-3
LOOK = 50  # updates between looks at the rows by which the critic is chosen
MEMORY = 0.99  # of the running mean that corrects the gradient
SHIFTS = 32  # shuffled pairs per row where a bound is read
FIT, CHOOSE, REPORT = 0, 1, 2  # what a row is for

Critic = Sequence[torch.Tensor]


class Bounds(NamedTuple):
    """(1 + nulls,) each: of the pairs, then of `nulls` shuffles of them. mine, infonce: of the chosen critic on the rows to
    report; in_sample: of the last critic on the rows that it was fitted to, which is no bound. highest: what infonce cannot
    exceed, ln of the pairs that are told apart at once."""

    mine: np.ndarray
    infonce: np.ndarray
    in_sample: np.ndarray
    highest: float


def thirds(n: int, rng: np.random.Generator) -> np.ndarray:
    """What each of n rows is for, at random: half FIT, a quarter CHOOSE, a quarter REPORT; (n,)."""
    use = np.repeat([FIT, CHOOSE, REPORT], [n - 2 * (n // 4), n // 4, n // 4])
    return rng.permutation(use)


def critic_bounds(
    x: np.ndarray, y: np.ndarray, use: np.ndarray, seed: int, nulls: int = 0, updates: int = UPDATES
) -> Bounds:
    """Bounds of the information of (n, dx) and (n, dy), rows paired; use (n,): FIT, CHOOSE or REPORT.

    The critic maximises the bound of Donsker & Varadhan, <T(x, y)> - ln <exp T(x, y')> with y' of other rows, by a
    gradient whose denominator is a running mean (MINE: Belghazi 2018, arXiv:1801.04062, section 3.2). It is looked at
    every LOOK updates, before the first too, where it says nothing and its bound is 0; the one with the highest bound on
    CHOOSE is read on REPORT. The same critic gives InfoNCE (van den Oord 2018, arXiv:1807.03748), which is at most
    `highest`. Both are lower bounds of the true information up to chance, not estimates of it: with few rows they lie
    well below, and no bound of n rows exceeds about ln n (McAllester & Stratos 2020). Shuffles are within a use and have
    critics of their own. StudyError for rows that do not pair or are constant, and for a use with fewer than 8 rows.
    """
    x, y = _standard(x, "x"), _standard(y, "y")
    use = np.asarray(use)
    counts = [int((use == each).sum()) for each in (FIT, CHOOSE, REPORT)]
    if len(x) != len(y) or use.shape != (len(x),) or min(counts) < 8 or sum(counts) != len(use):
        raise StudyError(
            f"{len(x)} and {len(y)} rows must be as many, each of one use, 8 or more of every use; found {counts} of"
            f" {use.shape}"
        )
    random = torch.Generator().manual_seed(seed)
    one, other = (torch.from_numpy(part.astype(np.float32)) for part in (x, y))
    fitted, chosen, reported = (
        _pairs(one, other, torch.from_numpy(use == each), nulls, random) for each in (FIT, CHOOSE, REPORT)
    )
    critic = _new_critic(one.shape[1], other.shape[1], 1 + nulls, random)
    best, highest = [each.detach().clone() for each in critic], torch.zeros(1 + nulls)
    optimizer, running = Adam(critic, RATE), torch.zeros(1 + nulls)
    for update in range(1, updates + 1):
        running = _update(critic, optimizer, fitted, running, random)
        if update % LOOK == 0 or update == updates:
            now = _donsker_varadhan(critic, *chosen)
            better = now > highest
            highest = torch.where(better, now, highest)
            for kept, each in zip(best, critic, strict=True):
                kept[better] = each.detach()[better]
    many = min(BATCH, counts[REPORT])
    found = (_donsker_varadhan(best, *reported), _infonce(best, *reported, many), _donsker_varadhan(critic, *fitted))
    mine, infonce, in_sample = (each.double().numpy() for each in found)
    return Bounds(mine, infonce, in_sample, float(np.log(many)))


def _standard(rows: np.ndarray, name: str) -> np.ndarray:
    """Columns of mean 0 and deviation 1, those that do not vary left out."""
    rows = np.asarray(rows, dtype=np.float64)
    rows = rows[:, None] if rows.ndim == 1 else rows
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise StudyError(f"{name} must be finite rows (n, d), found shape {rows.shape}")
    deviation = rows.std(0)
    vary = deviation > 1e-9 * np.abs(rows).max(0, initial=0)
    if not vary.any():
        raise StudyError(f"all rows of {name} are equal: a constant has no information to bound")
    return (rows[:, vary] - rows[:, vary].mean(0)) / deviation[vary]


def _pairs(
    x: torch.Tensor, y: torch.Tensor, rows: torch.Tensor, nulls: int, random
) -> tuple[torch.Tensor, torch.Tensor]:
    """x and y (1 + nulls, rows, d) of a use: as they are, then with y shuffled."""
    x, y = x[rows], y[rows]
    shuffled = [y[torch.randperm(len(y), generator=random)] for _ in range(nulls)]
    return x.expand(1 + nulls, *x.shape), torch.stack([y, *shuffled])


def _new_critic(dx: int, dy: int, many: int, random: torch.Generator) -> list[torch.nn.Parameter]:
    """Weights of `many` critics side by side; the last layer is 0, so that they say nothing at first."""

    def uniform(inputs: int, outputs: int, *fan: int) -> torch.nn.Parameter:
        drawn = torch.rand(many, inputs, outputs, generator=random) * 2 - 1
        return torch.nn.Parameter(drawn / sum(fan or (inputs,)) ** 0.5)

    def zeros(*shape: int) -> torch.nn.Parameter:
        return torch.nn.Parameter(torch.zeros(many, *shape))

    return [
        uniform(dx, UNITS, dx, dy), uniform(dy, UNITS, dx, dy), zeros(1, UNITS), uniform(UNITS, UNITS), zeros(1, UNITS),
        zeros(UNITS, 1),
    ]  # fmt: skip


def _says(critic: Critic, from_x: torch.Tensor, from_y: torch.Tensor) -> torch.Tensor:
    """What each critic says of pairs, (many, rows), from what the first layer makes of x and of y."""
    _, _, bias, second, second_bias, last = critic
    hidden = torch.nn.functional.elu(from_x + from_y + bias)
    hidden = torch.nn.functional.elu(torch.baddbmm(second_bias, hidden, second))
    return torch.bmm(hidden, last)[..., 0]


def _update(critic: Critic, optimizer: Adam, fitted, running: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """One update; the running logarithm of <exp T> of shuffled pairs, (many,)."""
    x, y = fitted
    rows = torch.randint(x.shape[1], (BATCH,), generator=random)
    from_x, from_y = torch.bmm(x[:, rows], critic[0]), torch.bmm(y[:, rows], critic[1])
    true = _says(critic, from_x, from_y)
    false = _says(critic, from_x, from_y.roll(1, 1))
    mean = (false.logsumexp(1) - np.log(BATCH)).detach()
    running = torch.logaddexp(running + np.log(MEMORY), mean + np.log1p(-MEMORY))
    loss = (false - running[:, None]).exp().mean(1) - true.mean(1)
    optimizer.zero_grad()
    loss.sum().backward()
    optimizer.step()
    return running


@torch.no_grad()
def _donsker_varadhan(critic: Critic, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The bound of each critic on its pairs, (many,); each x with the y of SHIFTS other rows for <exp T>."""
    from_x, from_y = torch.bmm(x, critic[0]), torch.bmm(y, critic[1])
    n = x.shape[1]
    shifts = np.unique(np.linspace(1, n - 1, SHIFTS).astype(int))
    false = torch.cat([_says(critic, from_x, from_y.roll(int(shift), 1)) for shift in shifts], 1)
    return _says(critic, from_x, from_y).mean(1) - (false.logsumexp(1) - np.log(false.shape[1]))


@torch.no_grad()
def _infonce(critic: Critic, x: torch.Tensor, y: torch.Tensor, many: int) -> torch.Tensor:
    """Mean over groups of `many` pairs of ln(exp T(x, y) / <exp T(x, y')>), y' every y of the group; (many,)."""
    from_x, from_y = torch.bmm(x, critic[0]), torch.bmm(y, critic[1])
    found = []
    for start in range(0, x.shape[1] - many + 1, many):
        one, other = from_x[:, start : start + many], from_y[:, start : start + many]
        table = torch.stack([_says(critic, one, other.roll(shift, 1)) for shift in range(many)])
        found.append(table[0].mean(1) - (table.logsumexp(0) - np.log(many)).mean(1))
    return torch.stack(found).mean(0)
