"""Connect Four, many games at once: stones as bits of 64-bit numbers, and a teacher whose moves are known exactly."""

from typing import NamedTuple

import numpy as np

COLUMNS, ROWS = 7, 6
PLIES = COLUMNS * ROWS
BITS = ROWS + 1  # of a column, the highest always empty, so that no line runs on into the next column
WANDERS = 0.15  # chance of a move that is any legal one, so that games leave the teacher's ways

_SHIFTS = tuple(np.uint64(shift) for shift in (1, BITS, BITS - 1, BITS + 1))  # up, across and both diagonals
_BOTTOM = np.uint64(1) << np.arange(0, COLUMNS * BITS, BITS, dtype=np.uint64)
_COLUMN = _BOTTOM * np.uint64(2**ROWS - 1)
_CELLS = np.arange(COLUMNS * BITS, dtype=np.uint64).reshape(COLUMNS, BITS)[:, :ROWS].ravel()


class Games(NamedTuple):
    """n games by ply, PLIES each. moves: columns (n, PLIES) int, -1 from the end on; mine, theirs: stones of who moves
    and of the other before each move (n, PLIES) uint64; best: the teacher's moves there (n, PLIES, COLUMNS) bool."""

    moves: np.ndarray
    mine: np.ndarray
    theirs: np.ndarray
    best: np.ndarray


class Tactics(NamedTuple):
    """Moves of positions (...), each (..., COLUMNS) bool. legal; wins at once; blocks a stone that would win for the
    other; gives the other a cell to win at on top of it."""

    legal: np.ndarray
    wins: np.ndarray
    blocks: np.ndarray
    gives: np.ndarray


def winning(stones: np.ndarray) -> np.ndarray:
    """The cells on which one more of stones (...) makes four in a row, taken or not: (...) uint64."""
    shift = np.reshape(_SHIFTS, (-1, *[1] * stones.ndim))
    twice = shift + shift
    up, down = stones << shift, stones >> shift
    above, below = up & (stones << twice), down & (stones >> twice)
    return np.bitwise_or.reduce(above & (down | (up << twice)) | below & (up | (down >> twice)))


def landings(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """The bit that a stone dropped into each column takes (..., COLUMNS) uint64, 0 where the column is full."""
    return (((mine | theirs)[..., None] & _COLUMN) + _BOTTOM) & _COLUMN


def tactics(mine: np.ndarray, theirs: np.ndarray) -> Tactics:
    """What the moves of positions (...) uint64 do at once."""
    there = landings(mine, theirs)
    legal = there != 0
    above = (there << np.uint64(1)) & _COLUMN
    ours, others = winning(np.stack([mine, theirs]))[..., None]
    return Tactics(legal, (ours & there) != 0, (others & there) != 0, (others & above) != 0)


def teacher(found: Tactics) -> np.ndarray:
    """The moves that it chooses from at random (..., COLUMNS) bool: those that win; else block; else do not give a win
    away; else any. None of a full board."""
    best = found.legal.copy()
    for better in (found.legal & ~found.gives, found.blocks, found.wins):
        best = np.where(better.any(-1, keepdims=True), better, best)
    return best


def play(n: int, rng: np.random.Generator) -> Games:
    """n games of the teacher with itself, in which every move is any legal one with probability WANDERS."""
    games = Games(
        np.full((n, PLIES), -1),
        np.zeros((n, PLIES), dtype=np.uint64),
        np.zeros((n, PLIES), dtype=np.uint64),
        np.zeros((n, PLIES, COLUMNS), dtype=bool),
    )
    mine, theirs, on = (np.zeros(n, dtype) for dtype in (np.uint64, np.uint64, bool))
    on[:] = True
    for ply in range(PLIES):
        found = tactics(mine, theirs)
        best = teacher(found)
        from_which = np.where((rng.random(n) < WANDERS)[:, None], found.legal, best)
        move = np.where(from_which, rng.random((n, COLUMNS)), -1).argmax(1)
        games.moves[on, ply], games.best[on, ply] = move[on], best[on]
        games.mine[on, ply], games.theirs[on, ply] = mine[on], theirs[on]
        stone = landings(mine, theirs)[np.arange(n), move]
        mine, theirs = theirs, mine | stone
        on &= ~found.wins[np.arange(n), move]
        if not on.any():
            break
    return games


def cells(stones: np.ndarray) -> np.ndarray:
    """Stones (...) uint64 as cells (..., PLIES) bool, column after column, each from below."""
    return (stones[..., None] >> _CELLS & np.uint64(1)).astype(bool)
