"""How near networks that learn Connect Four come to their teacher, and which of its tactics they take over when."""

import numpy as np
import pandas as pd
import torch

from repdyn.measures.table import combine, entry
from repdyn.recurrent.connect_four import COLUMNS, PLIES
from repdyn.recurrent.play import KINDS, entropy_by_ply, taken, taken_at_random
from repdyn.recurrent.subject import RecurrentSubject

FEWEST = 50  # games that last so long below which a ply is not evaluable


def measure(subject: RecurrentSubject) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Every checkpoint of one network on held-out games, which are the same for all networks with this input; no maps.

    The teacher's moves are known at every position: it wins; else blocks; else does not give a win away; else plays any
    column; where several moves do the same, each has the same chance. A network's move is the column of its largest
    logit. "Random moves": a player that takes any legal column, of `legal` any column, exact.

    - inputs, hidden [count]: of the network: 7 inputs for moves, 84 for the board; hidden units. Once, at the first step.
    - floor [nats]: entropy of the teacher's distribution, mean over all moves, once: no cross entropy falls below.
    - excess [nats]: cross entropy to the teacher's distribution, less the floor. Null: a player to whom all columns are
      alike, ln 7 less the floor.
    - teachers_move [share]: of moves that are among the teacher's.
    - legal [share]: of moves to columns that are not full. Null: random moves.
    - wins_taken [share]: of the positions with a winning move in which it is played. Null: random moves.
    - blocks_made [share]: of the positions without one, in which the other would win next, that are blocked. Null:
      random moves.
    - safe_kept [share]: of the remaining positions in which some but not all moves give the other a cell to win at, those
      in which none of these is played. Null: random moves.
    - ply_excess [nats] (unit: ply): excess at a ply, at the last step; NaN where fewer than FEWEST games last so long.
      Null: as of excess.
    """
    games = subject.probe.games
    first, last = subject.steps[0], subject.steps[-1]
    floor = subject.task.floor(subject.probe)
    at_random = taken_at_random(games)
    entries = [
        entry(first, "", "inputs", subject.task.inputs),
        entry(first, "", "hidden", subject.network.cell.hidden_size),
        entry(first, "", "floor", floor),
    ]
    for step in subject.steps:
        subject.network.load_state_dict(subject.states[step])
        with torch.no_grad():
            outputs = subject.network(subject.probe.inputs)
        excess = subject.task.error(outputs, subject.probe).item() - floor
        entries.append(entry(step, "", "excess", excess, np.log(COLUMNS) - floor))
        entries.append(entry(step, "", "teachers_move", subject.task.accuracy(outputs, subject.probe)))
        shares = taken(outputs.argmax(-1).numpy(), games)
        entries += [entry(step, "", kind, shares[kind], at_random[kind]) for kind in KINDS]
    entries.append(entry(last, "", "ply_excess", *_by_ply(subject, outputs)))
    return combine(entries), {}


def _by_ply(subject: RecurrentSubject, outputs: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Excess at every ply (PLIES,), and that of a player to whom all columns are alike."""
    floor = entropy_by_ply(subject.probe.games)
    excess = np.full(PLIES, np.nan)
    for ply in np.flatnonzero((subject.probe.games.moves >= 0).sum(0) >= FEWEST):
        at = slice(ply, ply + 1)
        batch = subject.probe._replace(targets=subject.probe.targets[:, at], counted=subject.probe.counted[:, at])
        excess[ply] = subject.task.error(outputs[:, at], batch).item() - floor[ply]
    return excess, np.log(COLUMNS) - floor
