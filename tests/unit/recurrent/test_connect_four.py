"""Connect Four: rules against a slow referee, the teacher against brute force, and whose turn it is against the record."""

import numpy as np
import pytest
import torch

from repdyn.recurrent.connect_four import COLUMNS, PLIES, ROWS, cells, play, tactics, teacher, winning
from repdyn.recurrent.losses import allowed, cross_entropy, entropy
from repdyn.recurrent.play import KINDS, chances, entropy_by_ply, taken, taken_at_random
from repdyn.recurrent.tasks import TASKS

GAMES = 60


def empty():
    return [[0] * ROWS for _ in range(COLUMNS)]


def four(board, player):
    """Whether a player has four in a row, cell by cell and direction by direction."""
    for column in range(COLUMNS):
        for row in range(ROWS):
            for across, up in ((1, 0), (0, 1), (1, 1), (1, -1)):
                line = [(column + i * across, row + i * up) for i in range(4)]
                if all(0 <= c < COLUMNS and 0 <= r < ROWS and board[c][r] == player for c, r in line):
                    return True
    return False


def dropped(board, column, player):
    """The board after a move; None where the column is full."""
    if 0 not in board[column]:
        return None
    after = [list(each) for each in board]
    after[column][after[column].index(0)] = player
    return after


def by_trying(board, player):
    """The teacher's moves and its words, by trying every move and every reply."""
    other = 3 - player
    after = {c: new for c in range(COLUMNS) if (new := dropped(board, c, player))}
    wins = {c for c, new in after.items() if four(new, player)}
    blocks = {c for c in after if four(dropped(board, c, other), other)}
    safe = {
        c for c, new in after.items() if not ((reply := dropped(new, c, other)) and four(reply, other))
    }  # fmt: skip
    return wins or blocks or safe or set(after)


@pytest.fixture(scope="module")
def games():
    return play(GAMES, np.random.default_rng(0))


def replayed(games):
    """(game, ply, board before the move, who moves: 1 or 2) of the record of moves alone."""
    for game, moves in enumerate(games.moves.tolist()):
        board = empty()
        for ply, move in enumerate(moves):
            if move < 0:
                break
            player = 1 + ply % 2
            yield game, ply, board, player
            board = dropped(board, move, player)
            assert board is not None, "a move to a full column"


def test_games_follow_the_rules_and_end_when_they_are_won_or_the_board_is_full(games):
    lengths = (games.moves >= 0).sum(1)
    assert (np.sort(games.moves < 0, 1) == (games.moves < 0)).all(), "a move after the end"
    ended = {}
    for game, ply, board, player in replayed(games):
        assert not four(board, 1) and not four(board, 2), "a move in a game that was over"
        ended[game] = four(dropped(board, int(games.moves[game, ply]), player), player)
    assert all(ended[game] or lengths[game] == PLIES for game in range(GAMES))
    assert len({tuple(moves) for moves in games.moves.tolist()}) == GAMES and lengths.min() >= 7


def test_whose_stones_are_whose_is_what_the_record_says(games):
    """The published games had the label of the turn the wrong way round: it agreed with the record nowhere."""
    batch = TASKS["connect4_board"].draw(GAMES, np.random.default_rng(0))
    np.testing.assert_array_equal(batch.games.moves, games.moves)
    agree, reverse = [], []
    for game, ply, board, player in replayed(games):
        flat = np.array(board).ravel()
        mine, theirs = flat == player, flat == 3 - player
        shown = batch.inputs[game, ply].numpy() > 0
        agree.append((shown[:PLIES] == mine).all() and (shown[PLIES:] == theirs).all())
        reverse.append((shown[:PLIES] == theirs).all() and (shown[PLIES:] == mine).all())
        np.testing.assert_array_equal(cells(games.mine[game, ply]), mine)
        assert mine.sum() == ply // 2 and theirs.sum() == (ply + 1) // 2
    # The empty board looks the same from both sides.
    assert all(agree) and sum(reverse) == GAMES


def test_the_teacher_plays_what_trying_every_move_and_reply_finds(games):
    sizes = set()
    for game, ply, board, player in list(replayed(games))[::7]:
        assert set(np.flatnonzero(games.best[game, ply])) == by_trying(board, player)
        sizes.add(int(games.best[game, ply].sum()))
    assert sizes == set(range(1, COLUMNS + 1))
    assert not games.best[games.moves < 0].any()


def test_the_cells_that_make_four_are_found_in_any_stones():
    rng = np.random.default_rng(1)
    boards = rng.random((60, COLUMNS, ROWS)) < 0.4
    weights = np.uint64(1) << np.arange(COLUMNS * (ROWS + 1), dtype=np.uint64).reshape(COLUMNS, ROWS + 1)[:, :ROWS]
    found = winning(np.where(boards, weights, np.uint64(0)).sum((1, 2), dtype=np.uint64))
    makes = (found[:, None, None] & weights) != 0
    for board, cells_found in zip(boards, makes, strict=True):
        for column, row in zip(*np.nonzero(~board), strict=True):
            # Stones that cannot be in a line with the cell are left out: only lines through it count.
            near = [[int(board[c, r]) if abs(c - column) < 4 and abs(r - row) < 4 else 0 for r in range(ROWS)]
                    for c in range(COLUMNS)]  # fmt: skip
            before = four(near, 1)
            near[column][row] = 1
            assert before or four(near, 1) == cells_found[column, row]
    assert 0.05 < makes[~boards].mean() < 0.5


def test_the_moves_before_are_what_a_network_reads(games):
    batch = TASKS["connect4_moves"].draw(GAMES, np.random.default_rng(0))
    assert not batch.inputs[:, 0].any()
    for game, ply, _, _ in replayed(games):
        if ply:
            assert batch.inputs[game, ply].tolist() == np.eye(COLUMNS)[games.moves[game, ply - 1]].tolist()
    assert torch.equal(batch.counted.all(-1), torch.from_numpy(games.moves >= 0))


def test_no_cross_entropy_falls_below_the_entropy_of_the_teacher():
    batch = TASKS["connect4_moves"].draw(200, np.random.default_rng(2))
    floor = entropy(batch)
    sizes = batch.games.best.sum(-1)[batch.games.moves >= 0]
    assert floor == pytest.approx(np.log(sizes).mean(), rel=1e-6) and 1.35 < floor < 1.6
    teachers = torch.log(batch.targets + 1e-30)
    assert float(cross_entropy(teachers, batch)) == pytest.approx(floor, rel=1e-6)
    assert float(cross_entropy(torch.zeros_like(teachers), batch)) == pytest.approx(np.log(COLUMNS), rel=1e-6)
    noisy = teachers.clamp(min=-8) + torch.randn(teachers.shape, generator=torch.Generator().manual_seed(0))
    assert float(cross_entropy(noisy, batch)) > floor
    assert allowed(teachers, batch) == 1
    # Where every column is the teacher's, none is wrong.
    assert allowed(-teachers, batch) == pytest.approx((sizes == COLUMNS).mean(), abs=1e-6)
    on = (batch.games.moves >= 0).sum(0)
    by_ply = entropy_by_ply(batch.games)
    assert np.nansum(by_ply * on) / on.sum() == pytest.approx(floor, rel=1e-6)
    assert by_ply[0] == pytest.approx(np.log(COLUMNS))


def test_chances_that_were_taken_and_those_that_were_not():
    games = play(300, np.random.default_rng(3))
    rng = np.random.default_rng(4)

    def share(allowed_moves):
        return taken(np.where(allowed_moves, rng.random(allowed_moves.shape), -1).argmax(-1), games)

    found = tactics(games.mine, games.theirs)
    assert share(teacher(found)) == dict.fromkeys(KINDS, 1.0)
    careless = share(np.ones_like(found.legal))
    assert careless["legal"] == pytest.approx(taken_at_random(games)["legal"], abs=0.01)
    at_random = share(found.legal)
    for kind in KINDS[1:]:
        assert at_random[kind] == pytest.approx(taken_at_random(games)[kind], abs=0.06)
        assert 0.05 < taken_at_random(games)[kind] < 0.8
    against = share(found.legal & ~teacher(found))
    assert against["wins_taken"] == against["blocks_made"] == 0
    none = games._replace(moves=np.full_like(games.moves, -1))
    assert all(np.isnan(value) for value in taken(np.zeros_like(games.moves), none).values())
    assert all(where.any() for where, _, _ in chances(games).values())


def test_the_same_seed_plays_the_same_games_and_no_held_out_game_is_trained_on():
    first, again, other = (play(200, np.random.default_rng(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.moves, again.moves)
    assert not {tuple(m) for m in first.moves.tolist()} & {tuple(m) for m in other.moves.tolist()}
