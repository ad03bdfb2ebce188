"""How well moves are chosen in positions of which everything is known: shares of chances taken, beside chance."""

import numpy as np

from repdyn.recurrent.connect_four import Games, tactics

KINDS = ("legal", "wins_taken", "blocks_made", "safe_kept")


def chances(games: Games) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """{kind: (where it can be shown (n, PLIES) bool, by which moves, among which moves (n, PLIES, COLUMNS) bool)}.

    legal: at every move, by those to a column that is not full, among all. The others are among legal moves: wins_taken,
    where a move wins; blocks_made, where none does and one keeps the other from winning next; safe_kept, where neither
    is, and some but not all legal moves give the other a cell to win at.
    """
    found = tactics(games.mine, games.theirs)
    on = games.moves >= 0
    wins, blocks = found.wins.any(-1), found.blocks.any(-1)
    safe = found.legal & ~found.gives
    careful = on & ~wins & ~blocks & safe.any(-1) & (found.legal & found.gives).any(-1)
    everything = np.ones_like(found.legal)
    return {
        "legal": (on, found.legal, everything),
        "wins_taken": (on & wins, found.wins, found.legal),
        "blocks_made": (on & ~wins & blocks, found.blocks, found.legal),
        "safe_kept": (careful, safe, found.legal),
    }


def taken(moves: np.ndarray, games: Games) -> dict[str, float]:
    """Share of the chances of each kind that moves (n, PLIES) take; NaN where games offer none."""
    chosen = moves[..., None]
    return {
        kind: _mean(np.take_along_axis(by, chosen, -1)[where][:, 0]) for kind, (where, by, _) in chances(games).items()
    }


def taken_at_random(games: Games) -> dict[str, float]:
    """What `taken` is expected to be of a player to whom the moves among which it chooses are all the same; exact."""
    return {
        kind: _mean(by[where].sum(-1) / among[where].sum(-1)) for kind, (where, by, among) in chances(games).items()
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else np.nan


def entropy_by_ply(games: Games) -> np.ndarray:
    """Mean entropy of the teacher's distribution at every ply (PLIES,), in nats; NaN where no game lasts so long."""
    on = games.moves >= 0
    number = games.best.sum(-1)
    total = np.log(np.maximum(number, 1)).sum(0, where=on)
    return np.divide(total, on.sum(0), out=np.full(on.shape[1], np.nan), where=on.any(0))
