"""Persistent homology of shapes whose connected components, loops and voids are known, against ripser and gudhi."""

import numpy as np
import pytest
from ripser import ripser
from scipy.spatial.distance import cdist

from repdyn.errors import StudyError
from repdyn.topology.bands import band, betti
from repdyn.topology.homology import bottleneck, diagrams, lengths, longest, total_persistence
from repdyn.topology.landmarks import farthest_points, radius


def circle(rng, n, noise=0.05, centre=(0, 0)):
    angle = rng.uniform(0, 2 * np.pi, n)
    return np.c_[np.cos(angle), np.sin(angle)] + centre + noise * rng.standard_normal((n, 2))


def sphere(rng, n):
    x = rng.standard_normal((n, 3))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def torus(rng, n):
    """Flat, in four dimensions: both loops are circles of radius 1."""
    angles = rng.uniform(0, 2 * np.pi, (n, 2))
    return np.c_[np.cos(angles), np.sin(angles)]


def numbers(x, rng, count=1000, dimension=1):
    landmarks = farthest_points(x, min(count, len(x)))
    shortest = band(x, landmarks, 39, rng)
    return tuple(betti(bars, shortest) for bars in diagrams(x[landmarks], dimension))


def test_a_circle_is_one_part_with_one_loop():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        x = circle(rng, 200)
        assert numbers(x, rng) == (1, 1)
        length = lengths(diagrams(x)[1])
        assert length[0] == pytest.approx(1.4, abs=0.12) and length[1] < 0.1


def test_two_circles_are_two_parts_with_a_loop_each():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        assert numbers(np.r_[circle(rng, 100), circle(rng, 100, centre=(4, 0))], rng) == (2, 2)


def test_a_sphere_holds_a_void_and_a_torus_one_and_two_loops():
    rng = np.random.default_rng(0)
    assert numbers(sphere(rng, 2000), rng, count=120, dimension=2) == (1, 0, 1)
    x = torus(rng, 3000)
    parts, loops, voids = map(lengths, diagrams(x[farthest_points(x, 120)], 2))
    # Too few points for the band; bars before the gap are the torus's.
    assert parts[1] < 0.8 and np.isinf(parts).sum() == 1
    assert loops[1] > 1 > 2 * loops[2]
    assert voids[0] > 0.7 > 4 * voids[1]


@pytest.mark.parametrize("dimension", [2, 3, 10, 30])
def test_a_cloud_without_shape_is_one_part_without_a_loop(dimension):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        assert numbers(rng.standard_normal((100, dimension)), rng) == (1, 0)
        assert numbers(rng.random((100, dimension)), rng) == (1, 0)


def test_clusters_far_apart_are_counted_also_in_many_dimensions():
    rng = np.random.default_rng(0)
    x = np.repeat(25 * np.eye(4, 10), 50, axis=0) + rng.standard_normal((200, 10))
    assert numbers(x, rng) == (4, 0)


def test_diagrams_are_those_of_ripser_and_no_end_was_chosen():
    rng = np.random.default_rng(1)
    for x in (circle(rng, 80), rng.standard_normal((60, 5))):
        theirs = ripser(x, maxdim=1)["dgms"]
        for ours, other in zip(diagrams(x), theirs, strict=True):
            # ripser rounds to single precision.
            assert bottleneck(ours, other.astype(float)) < 1e-6
            assert len(ours) == (other[:, 1] > other[:, 0]).sum()
            assert (np.diff(lengths(ours)[np.isfinite(lengths(ours))]) <= 0).all()
    parts, loops = diagrams(circle(rng, 80))
    assert np.isinf(parts).sum() == 1 and np.isinf(parts[0, 1]) and np.isfinite(loops).all()


def test_three_points_have_the_bars_that_one_can_draw():
    parts, loops = diagrams(np.array([[0.0, 0], [3, 0], [3, 4]]))
    assert parts.tolist() == [[0, np.inf], [0, 4], [0, 3]] and loops.shape == (0, 2)
    (_, loops) = diagrams(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]))
    assert loops == pytest.approx(np.array([[1, np.sqrt(2)]]))
    assert total_persistence(parts) == 7 and longest(parts) == 4
    assert total_persistence(loops[:0]) == longest(loops[:0]) == 0
    assert betti(parts, 3.5) == 2 and betti(parts, 4) == 1 and betti(parts, 0) == 3


def test_an_isometry_changes_nothing_and_scale_is_in_the_radius():
    rng = np.random.default_rng(2)
    x = np.c_[circle(rng, 60), np.zeros(60)]
    rotation = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    for one, other in zip(diagrams(x), diagrams(x @ rotation + [5, -3, 1]), strict=True):
        assert bottleneck(one, other) < 1e-9
    assert radius(7 * x) == pytest.approx(7 * radius(x)) and radius(x) == pytest.approx(1, abs=0.03)
    assert bottleneck(diagrams(x)[1], diagrams(2 * x)[1]) > 0.3
    moved = x + 0.01 * rng.uniform(-1, 1, x.shape)
    assert 0 < bottleneck(diagrams(x)[1], diagrams(moved)[1]) <= 2 * 0.01 * np.sqrt(3)


def test_landmarks_are_the_farthest_from_those_before():
    from gudhi.subsampling import choose_n_farthest_points

    rng = np.random.default_rng(3)
    x = rng.standard_normal((150, 4))
    ours = farthest_points(x, 20)
    first = int(np.linalg.norm(x - x.mean(0), axis=1).argmin())
    theirs = choose_n_farthest_points(points=x, nb_points=20, starting_point=first)
    assert ours[0] == first and x[ours] == pytest.approx(np.array(theirs))
    assert sorted(farthest_points(x, 150)) == list(range(150))


def test_the_band_covers_the_shape_from_which_the_points_are():
    whole = circle(np.random.default_rng(9), 3000, 0)
    covered = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = circle(rng, 100, 0)
        covered.append(band(x, np.arange(100), 39, rng) / 2 >= cdist(whole, x).min(1).max())
    assert np.mean(covered) >= 0.9


def test_the_band_is_twice_the_distance_to_the_landmarks_and_of_a_resample():
    x = np.array([[0.0], [1], [10], [11]])
    rng = np.random.default_rng(0)
    draws = [np.abs(x - x[rng.integers(4, size=4)].T).min(1).max() for _ in range(39)]
    expected = np.sort(draws)[37]
    assert band(x, np.arange(4), 39, np.random.default_rng(0)) == pytest.approx(2 * expected)
    assert band(x, np.array([0, 2]), 39, np.random.default_rng(0)) == pytest.approx(2 * expected + 2)
    assert expected in (10, 11)
    assert band(x, np.arange(4), 39, np.random.default_rng(0), confidence=0.5) == pytest.approx(2 * np.sort(draws)[19])


def test_the_quantile_of_the_band_is_the_one_of_its_rank():
    x = np.random.default_rng(5).random((60, 2))
    rng = np.random.default_rng(0)
    draws = np.sort([cdist(x, x[rng.integers(60, size=60)]).min(1).max() for _ in range(39)])
    # Ranks whose draw differs from the one before.
    ranks = np.flatnonzero(np.diff(draws) > 0) + 2
    assert len(ranks) >= 5
    for rank in ranks:
        found = band(x, np.arange(60), 39, np.random.default_rng(0), rank / 40)
        assert found == pytest.approx(2 * draws[rank - 1])


BAD = [
    (lambda: diagrams(np.zeros(5)), "matrix"),
    (lambda: diagrams(np.array([[0.0], [np.nan]])), "finite"),
    (lambda: diagrams(np.eye(3), -1), "dimension"),
    (lambda: farthest_points(np.eye(3), 4), "not 4"),
    (lambda: farthest_points(np.eye(3), 0), "not 0"),
    (lambda: band(np.eye(30), np.arange(3), 18, np.random.default_rng(0)), "18 draws"),
    (lambda: band(np.eye(3), np.arange(4), 19, np.random.default_rng(0)), "row numbers"),
    (lambda: band(np.eye(3), np.arange(0), 19, np.random.default_rng(0)), "row numbers"),
    (lambda: lengths(np.array([[2.0, 1.0]])), "deaths last"),
    (lambda: total_persistence(np.zeros(3)), "deaths last"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(StudyError, match=message):
        call()


def test_nineteen_draws_suffice_at_95_percent():
    assert band(np.eye(30), np.arange(30), 19, np.random.default_rng(0)) == pytest.approx(2 * np.sqrt(2))
