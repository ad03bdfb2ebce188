"""Dynamical systems whose exponents, fixed points, modes and time scales are known."""

from itertools import repeat

import numpy as np
import torch
from scipy.linalg import block_diag

from repdyn.calibration.trial import Trial, attempted
from repdyn.dynamical_systems.basins import basin_shares, basins
from repdyn.dynamical_systems.divergence import divergence, largest_exponent
from repdyn.dynamical_systems.fixed_points import fixed_points, unstable_directions
from repdyn.dynamical_systems.gramians import controllability, minimum_energy, observability, time_scales
from repdyn.dynamical_systems.linear_fields import divergence_of, linear_field, turning_share
from repdyn.dynamical_systems.lyapunov import kaplan_yorke, lyapunov_spectrum
from repdyn.dynamical_systems.maps import Map, runge_kutta, trajectory
from repdyn.dynamical_systems.modes import hankel_modes, koopman_eigenvalues, supported_rank
from repdyn.dynamical_systems.similarity import dynamical_distance
from repdyn.dynamical_systems.slow_features import slow_features
from repdyn.dynamical_systems.slow_points import slow_line

DT = 0.02


def lorenz(x: torch.Tensor) -> torch.Tensor:
    """The field of Lorenz (1963), sigma 10, rho 28, beta 8/3."""
    a, b, c = x.unbind(1)
    return torch.stack([10 * (b - a), a * (28 - c) - b, a * b - 8 / 3 * c], 1)


def henon(x: torch.Tensor) -> torch.Tensor:
    return torch.stack([1 - 1.4 * x[:, 0] ** 2 + x[:, 1], 0.3 * x[:, 0]], 1)


def logistic(x: torch.Tensor) -> torch.Tensor:
    return 4 * x * (1 - x)


def excited(h: torch.Tensor) -> torch.Tensor:
    return torch.tanh(2 * h)


def turning(radius: float, angle: float) -> np.ndarray:
    return radius * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def linear_map(matrix: np.ndarray) -> Map:
    turned = torch.from_numpy(matrix.T.copy())
    return lambda h: h @ turned


def _rotation(d: int, rng: np.random.Generator) -> np.ndarray:
    return np.linalg.qr(rng.standard_normal((d, d)))[0]


def _spectrum(step: Map, start: np.ndarray, steps: int, settle: int, dt: float = 1.0) -> np.ndarray:
    return lyapunov_spectrum(repeat(step, steps), start, settle, dt).exponents


def lorenz_exponent(rng: np.random.Generator) -> Trial:
    start = rng.standard_normal((3, 40, 3)) + [0, 0, 25]
    flow = runge_kutta(lorenz, 0.01)
    calm = runge_kutta(lambda x: torch.stack([-x[:, 0], -2 * x[:, 1], -3 * x[:, 2]], 1), 0.01)
    return Trial(
        "Lorenz's system, 40 trajectories of 10 time units", "largest Lyapunov exponent", 0.9056, 0.05,
        [_spectrum(flow, each, 1500, 500, 0.01)[0] for each in start],
        "a stable point", -1, 1e-3, [_spectrum(calm, start[0, :2], 800, 500, 0.01)[0]],
    )  # fmt: skip


def lorenz_dimension(rng: np.random.Generator) -> Trial:
    start = rng.standard_normal((40, 3)) + [0, 0, 25]
    found = _spectrum(runge_kutta(lorenz, 0.01), start, 1500, 500, 0.01)
    return Trial(
        "Lorenz's attractor", "Kaplan-Yorke dimension", 2.062, 0.01, [kaplan_yorke(found)],
        "a stable point", 0, 0, [kaplan_yorke(np.array([-1.0, -2, -3]))],
    )  # fmt: skip


def henon_exponents(rng: np.random.Generator) -> Trial:
    starts = rng.uniform(-0.1, 0.1, (3, 100, 2))
    found = [_spectrum(henon, each, 600, 100) for each in starts]
    # Areas shrink by 0.3 a step wherever the state is.
    return Trial(
        "Henon's map", "largest Lyapunov exponent", 0.4192, 0.005, [each[0] for each in found],
        "the sum of its exponents, less ln 0.3", 0, 1e-9, [each.sum() - np.log(0.3) for each in found],
    )  # fmt: skip


def exponent_of_a_series(rng: np.random.Generator) -> Trial:
    def series(start):
        return trajectory(repeat(logistic, 1500), np.array([[start]]))[:, 0, 0]

    def found(values):
        return largest_exponent(divergence(values, 2, 1, 5, 20))

    return Trial(
        "1,500 values of the logistic map", "largest Lyapunov exponent", np.log(2), 0.02,
        [found(series(start)) for start in rng.uniform(0.1, 0.9, 3)],
        "white noise", np.nan, 0, [found(rng.standard_normal(1500)) for _ in range(3)],
    )  # fmt: skip


def count_of_fixed_points(rng: np.random.Generator) -> Trial:
    def found(step):
        return len(fixed_points(step, rng.uniform(-1.5, 1.5, (128, 2))).states)

    return Trial(
        "two units that excite themselves, h' = tanh 2h", "fixed points", 9, 0, [found(excited) for _ in range(3)],
        "weights of a half", 1, 0, [found(lambda h: torch.tanh(h / 2))],
    )  # fmt: skip


def count_of_attractors(rng: np.random.Generator) -> Trial:
    def found(step):
        points = fixed_points(step, rng.uniform(-1.5, 1.5, (128, 2)))
        return (unstable_directions(points.eigenvalues) == 0).sum()

    return Trial(
        "two units that excite themselves, h' = tanh 2h", "stable fixed points", 4, 0, [found(excited) for _ in range(3)],
        "a map without fixed points, h' = h + 1", np.nan, 0, [attempted(found, lambda h: h + 1)],
    )  # fmt: skip


def line_of_slow_points(rng: np.random.Generator) -> Trial:
    def found(values):
        turn = _rotation(4, rng)
        step = linear_map(turn @ np.diag(values) @ turn.T)
        return np.median(slow_line(step, rng.standard_normal((64, 4)), 600).moduli[:, 0])

    return Trial(
        "an integrator turned into 4 units", "largest eigenvalue at slow points", 1, 0.002,
        [found([1, 0.8, 0.5, 0.3]) for _ in range(3)], "a leaky network", 0.7, 0.002, [found([0.7, 0.6, 0.5, 0.3])],
    )  # fmt: skip


def shares_of_basins(rng: np.random.Generator) -> Trial:
    starts = rng.standard_normal((4000, 1))
    double, single = runge_kutta(lambda x: x - x**3, 0.1), runge_kutta(lambda x: -x, 0.1)
    return Trial(
        "a double well", "share of the left basin", 0.5, 0.02,
        [basin_shares(basins(double, starts, np.array([[-1.0], [1.0]]), 300), 2)[0]],
        "a single well between", 0, 0, [basin_shares(basins(single, starts, np.array([[-1.0], [1.0]]), 300), 2).max()],
    )  # fmt: skip


def damped(noise: float, rng: np.random.Generator) -> np.ndarray:
    t = DT * np.arange(400)
    clean = np.exp(-0.1 * t) * np.cos(2 * np.pi * t) + np.exp(-0.3 * t) * np.cos(6 * np.pi * t) + np.exp(-0.5 * t)
    return clean + noise * rng.standard_normal(400)


def frequency_of_a_mode(rng: np.random.Generator) -> Trial:
    return Trial(
        "oscillations of 1 and 3 per second, one series, noise .05", "the higher frequency", 3, 0.01,
        [hankel_modes(damped(0.05, rng), 100, 5, DT).imag.max() / 2 / np.pi for _ in range(5)],
        "decay without oscillation", 0, 1e-6, [hankel_modes(0.9 ** np.arange(60.0), 5, 1, DT).imag.max() / 2 / np.pi],
    )  # fmt: skip


def decay_of_a_mode(rng: np.random.Generator) -> Trial:
    t = DT * np.arange(400)
    return Trial(
        "the same series", "growth of its slowest mode, per second", -0.1, 0.005,
        [hankel_modes(damped(0.05, rng), 100, 5, DT).real.max() for _ in range(5)],
        "an oscillation without friction", 0, 1e-6, [hankel_modes(np.cos(2 * np.pi * t), 20, 2, DT).real.max()],
    )  # fmt: skip


def rank_of_a_series(rng: np.random.Generator) -> Trial:
    return Trial(
        "two oscillations and a decay, noise .005", "rank that predicts held-out values best", 5, 0,
        [supported_rank(damped(0.005, rng), 100, range(1, 9)) for _ in range(5)],
        "white noise", np.nan, 0,
        [attempted(supported_rank, rng.standard_normal(400), 20, range(1, 9)) for _ in range(5)],
    )  # fmt: skip


MU, LAMBDA, STEP = -0.05, -1.0, 0.1


def koopman_rate(rng: np.random.Generator) -> Trial:
    """x1' = mu x1, x2' = lambda (x2 - x1^2), solved: x1^2 closes the dictionary and has the rate 2 mu."""
    before = rng.uniform(-1, 1, (200, 2))
    bent = LAMBDA / (LAMBDA - 2 * MU)
    first = before[:, 0] * np.exp(MU * STEP)
    second = (before[:, 1] - bent * before[:, 0] ** 2) * np.exp(LAMBDA * STEP) + bent * first**2
    after = np.stack([first, second], 1)

    def nearest_rate(functions):
        def dictionary(x):
            return np.stack([np.ones(len(x)), x[:, 0], x[:, 1], x[:, 0] ** 2], 1)[:, :functions]

        rates = np.log(koopman_eigenvalues(before, after, dictionary)).real / STEP
        return rates[np.abs(rates - 2 * MU).argmin()]

    return Trial(
        "a system with a slow manifold, functions 1, x1, x2, x1^2", "rate of x1^2", 2 * MU, 1e-6, [nearest_rate(4)],
        "the functions without x1^2: the nearest rate", MU, 0.01, [nearest_rate(3)],
    )  # fmt: skip


def energy_of_control(rng: np.random.Generator) -> Trial:
    gramian = controllability(np.diag([0.5, 0.9]), np.array([[1.0], [0.0]]))
    found = minimum_energy(gramian, np.eye(2))
    return Trial(
        "a leaky unit of eigenvalue .5 with an input", "least energy to 1", 0.75, 1e-9, [found[0]],
        "a unit without input: the inverse of its energy", 0, 0, [1 / found[1]],
    )  # fmt: skip


def observed_units(rng: np.random.Generator) -> Trial:
    a = block_diag(turning(0.9, 0.4), [[0.5]])
    c = rng.standard_normal((1, 3)) * [1, 1, 0]
    found = observability(a, c)
    sums = sum(np.linalg.matrix_power(a, t).T @ c.T @ c @ np.linalg.matrix_power(a, t) for t in range(400))
    return Trial(
        "an oscillator that is read and a unit that is not", "trace of the Gramian over that of its sum", 1, 1e-9,
        [np.trace(found) / np.trace(sums)], "the unit that is not read", 0, 1e-9, [found[2, 2]],
    )  # fmt: skip


def time_scale(rng: np.random.Generator) -> Trial:
    turn = _rotation(3, rng)
    found = time_scales(turn @ np.diag(np.exp([-1 / 20, -1 / 5, -1.0])) @ turn.T)
    return Trial(
        "a map whose modes fall in 20, 5 and 1 steps", "slowest time scale, steps", 20, 1e-6, [found[0]],
        "a map that forgets in a step", 0, 0, [time_scales(np.zeros((2, 2)))[0]],
    )  # fmt: skip


def slowest_feature(rng: np.random.Generator) -> Trial:
    t = np.linspace(0, 2 * np.pi, 2000)
    sources = np.stack([np.sin(t), np.sin(29 * t), np.cos(11 * t)], 1)
    mixed = sources @ rng.standard_normal((3, 3))
    found = slow_features(mixed, 1).features[:, 0]
    shuffled = slow_features(rng.permutation(mixed), 1)
    return Trial(
        "a slow sine mixed with two fast ones", "correlation with it", 1, 1e-3,
        [abs(np.corrcoef(found, sources[:, 0])[0, 1])],
        "the same in random order: mean squared change", 2, 0.15, [shuffled.slowness[0]],
    )  # fmt: skip


def shrinking_volumes(rng: np.random.Generator) -> Trial:
    t = 0.05 * np.arange(200)
    damping = rng.standard_normal((30, 1, 2)) * np.exp(-0.25 * t)[None, :, None]
    oscillator = np.stack([3 * np.cos(t), -6 * np.sin(t)], 1)
    return Trial(
        "friction of a quarter in each of two directions", "divergence", -0.5, 1e-6,
        [divergence_of(linear_field(damping, 0.05))],
        "an oscillator without friction", 0, 1e-6, [divergence_of(linear_field(oscillator, 0.05))],
    )  # fmt: skip


def turning_part(rng: np.random.Generator) -> Trial:
    t = 0.05 * np.arange(300)
    oscillator = np.stack([3 * np.cos(t), -6 * np.sin(t)], 1)
    damping = rng.standard_normal((30, 1, 2)) * np.exp(-0.25 * t)[None, :, None]

    def share(series):
        return turning_share(linear_field(series, 0.05), np.cov(series.reshape(-1, 2).T))

    return Trial(
        "an oscillator of unequal axes", "share that turns", 1, 0.01, [share(oscillator)],
        "friction", 0, 1e-9, [share(damping)],
    )  # fmt: skip


def distance_of_systems(rng: np.random.Generator) -> Trial:
    a, b = (block_diag(turning(0.95, w), turning(0.9, v)) for w, v in ((0.3, 1.0), (0.6, 1.6)))
    turn = _rotation(4, rng)
    # Normal maps are as far apart as their eigenvalues.
    squares = 2 * (abs(0.95 * (np.exp(0.3j) - np.exp(0.6j))) ** 2 + abs(0.9 * (np.exp(1j) - np.exp(1.6j))) ** 2)
    truth = np.sqrt(squares / ((a**2).sum() + (b**2).sum()))
    return Trial(
        "two oscillators of other frequencies, turned", "distance", truth, 1e-3,
        [dynamical_distance(a, turn @ b @ turn.T, rng)],
        "a turned copy", 0, 1e-3, [dynamical_distance(a, turn @ a @ turn.T, rng)],
    )  # fmt: skip
