"""What a task asks a network to keep, as labels of every example at every time step."""

from collections.abc import Callable

import numpy as np

from repdyn.recurrent.connect_four import ROWS, cells, tactics
from repdyn.recurrent.losses import Batch
from repdyn.recurrent.tasks import CHANNELS, Task, board, context, flipflop, moves

MIDDLE = 3  # of the columns of a board


def bits(batch: Batch) -> dict[str, np.ndarray]:
    """The sign of the last pulse of each bit; -1 before its first."""
    values, known = batch.targets.numpy() > 0, batch.counted.numpy()
    return {f"bit {i + 1}": np.where(known[:, :, i], values[:, :, i], -1) for i in range(values.shape[2])}


def evidence(batch: Batch) -> dict[str, np.ndarray]:
    """The context, and the sign of the evidence so far in the first channel, in the one that counts and in the other.

    The first two are given independently of one another: a network that adds up its inputs has no interaction of them. Of
    the context and the relevant evidence it would, since which channel is relevant is an interaction.
    """
    inputs = batch.inputs.numpy()
    which = inputs[:, :, CHANNELS:].argmax(2)
    total = (np.cumsum(inputs[:, :, :CHANNELS], 1, dtype=np.float64) > 0).astype(int)
    relevant, other = (np.take_along_axis(total, each[:, :, None], 2)[:, :, 0] for each in (which, 1 - which))
    first = {"context": which, "evidence in channel 1": total[:, :, 0]}
    return first | {"relevant evidence": relevant, "other evidence": other}


def positions(batch: Batch) -> dict[str, np.ndarray]:
    """Of games, while they last: whether a move of who moves wins, who holds the two cells above the lowest of the middle
    column (0 nobody, 1 who moves, 2 the other), and whose turn it is, which any network knows that counts to two."""
    games = batch.games
    mine, theirs = cells(games.mine), cells(games.theirs)
    found = {"a move wins": tactics(games.mine, games.theirs).wins.any(-1).astype(int)}
    for row in (2, 3):
        place = MIDDLE * ROWS + row - 1
        found[f"cell d{row}"] = mine[..., place] + 2 * theirs[..., place]
    found["whose turn"] = np.broadcast_to(np.arange(games.moves.shape[1]) % 2, games.moves.shape)
    return {name: np.where(games.moves >= 0, each, -1) for name, each in found.items()}


VARIABLES: dict[Callable, Callable[[Batch], dict[str, np.ndarray]]] = {
    flipflop: bits, context: evidence, moves: positions, board: positions,
}  # fmt: skip


def variables_of(task: Task, batch: Batch) -> dict[str, np.ndarray]:
    """{variable: classes (n, T) int, -1 where it has none} of a batch; none for a task without an entry in VARIABLES."""
    return VARIABLES[task.draw](batch) if task.draw in VARIABLES else {}


def flips(batch: Batch) -> np.ndarray:
    """Where a bit gets another sign, or its first: (m, 2), trial and time step."""
    signs = batch.targets.numpy()
    before = np.concatenate([np.zeros_like(signs[:, :1]), signs[:, :-1]], 1)
    return np.argwhere((signs != before).any(2))


EVENTS: dict[Callable, Callable[[Batch], np.ndarray]] = {flipflop: flips}


def events_of(task: Task, batch: Batch) -> np.ndarray:
    """The events (m, 2), trial and time step, at which a task changes its answer; none for a task without an entry in
    EVENTS: where every time step changes it a little there is no event."""
    return EVENTS[task.draw](batch) if task.draw in EVENTS else np.empty((0, 2), dtype=np.int64)
