"""Energy where it is known: wells, corners of a cube, a bent channel, diffusions in and out of equilibrium, a trap."""

import numpy as np
from scipy.linalg import expm, solve_continuous_lyapunov

from repdyn.calibration.trial import Trial
from repdyn.energy.basins import basins
from repdyn.energy.entropy_production import entropy_production
from repdyn.energy.landscape import density, energy, gradient, minima
from repdyn.energy.paths import barrier, length, lowest_path
from repdyn.energy.work import crooks, jarzynski, trap_work

BANDWIDTHS = tuple(0.02 * 1.6**i for i in range(9))
DT = 0.02
COUPLED = np.array([[-2.0, 1], [1, -2]])


def double_well(n: int, rng: np.random.Generator) -> np.ndarray:
    """Draws (n, 1) of exp(-2 (x^2 - 1)^2): minima at -1 and 1, a barrier of 2."""
    grid = np.linspace(-2.5, 2.5, 20001)
    weight = np.cumsum(np.exp(-2 * (grid**2 - 1) ** 2))
    return np.interp(rng.random(n), weight / weight[-1], grid)[:, None]


def bent_channel(points: np.ndarray) -> np.ndarray:
    """Gradient of 20 (r - 1)^2 + 1 - cos 2a: minima at (1, 0) and (-1, 0), and a half circle between them."""
    x, y = points.T
    r = np.hypot(x, y)
    along, out = 2 * np.sin(2 * np.arctan2(y, x)) / r, 40 * (r - 1)
    return np.stack([out * x / r - along * y / r, out * y / r + along * x / r], 1)


def diffused(field: np.ndarray, diffusion: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exact steps of dx/dt = A x + noise from its stationary state: (200 trials, 500, d)."""
    covariance = solve_continuous_lyapunov(field, -2 * diffusion)
    step = expm(field * DT)
    noise = np.linalg.cholesky(covariance - step @ covariance @ step.T)
    x = rng.standard_normal((200, len(field))) @ np.linalg.cholesky(covariance).T
    found = []
    for _ in range(500):
        found.append(x)
        x = x @ step.T + rng.standard_normal(x.shape) @ noise.T
    return np.stack(found, 1)


def height_of_a_barrier(rng: np.random.Generator) -> Trial:
    def found() -> float:
        wells = density(double_well(6000, rng), double_well(1000, rng), BANDWIDTHS)
        ends = minima(wells, double_well(8, rng)).states[:2]
        path = lowest_path(lambda at: gradient(wells, at), ends[0], ends[1], 0.002, 21)
        return barrier(energy(wells, path))[0]

    def highest_share() -> float:
        cloud = density(rng.standard_normal((1000, 1)), rng.standard_normal((1000, 1)), BANDWIDTHS)
        return minima(cloud, rng.standard_normal((20, 1))).starts[0]

    return Trial(
        "draws from a double well, bandwidth chosen on others", "barrier, in units of the temperature", 2, 0.25,
        [found() for _ in range(3)], "a normal cloud: share of its largest basin", 1, 0.1,
        [highest_share() for _ in range(3)],
    )  # fmt: skip


def corners_of_a_cube(rng: np.random.Generator) -> Trial:
    def found(draw):
        return len(basins(density(draw(500), draw(500), BANDWIDTHS), draw(150), 0.04))

    def clusters(n):
        return rng.choice([-1.0, 1.0], (n, 3)) + 0.2 * rng.standard_normal((n, 3))

    def cloud(n):
        return rng.standard_normal((n, 3))

    return Trial(
        "states around the eight corners of a cube", "basins", 8, 1, [found(clusters) for _ in range(3)],
        "a normal cloud", 1, 0.5, [found(cloud) for _ in range(3)],
    )  # fmt: skip


def length_of_a_path(rng: np.random.Generator) -> Trial:
    def found(field):
        return length(lowest_path(field, np.array([1.0, 0]), np.array([-1.0, 0]), 0.01))

    def straight(points):
        return np.stack([4 * points[:, 0] * (points[:, 0] ** 2 - 1), 10 * points[:, 1]], 1)

    return Trial(
        "a channel that is a half circle", "length of the path of least energy", np.pi, 0.05, [found(bent_channel)],
        "a straight channel", 2, 0.02, [found(straight)],
    )  # fmt: skip


def rate_of_entropy(rng: np.random.Generator) -> Trial:
    def found(diffusion):
        return entropy_production(diffused(COUPLED, diffusion, rng), DT).rate

    return Trial(
        "two coupled coordinates at temperatures 1 and 3", "entropy production, nats per unit of time", 1 / 3, 0.03,
        [found(np.diag([1.0, 3])) for _ in range(3)], "at one temperature", 0, 0.01, [found(np.eye(2)) for _ in range(3)],
    )  # fmt: skip


def entropy_of_currents(rng: np.random.Generator) -> Trial:
    turning = np.array([[-1.0, -1], [1, -1]])

    def found(field):
        return entropy_production(diffused(field, np.eye(2), rng), DT).bound

    return Trial(
        "a rotor that produces 2 a unit of time", "lower bound from its currents, nats", 2, 0.2,
        [found(turning) for _ in range(3)], "at equilibrium", 0, 0.01, [found(COUPLED) for _ in range(3)],
    )  # fmt: skip


def free_energy_of_jarzynski(rng: np.random.Generator) -> Trial:
    still, stiffened, dragged = np.zeros(101), np.linspace(1, 4, 101), np.linspace(0, 2, 101)
    return Trial(
        "a trap made four times as stiff in one unit of time", "free energy, -ln <exp(-W)>", np.log(4) / 2, 0.02,
        [jarzynski(trap_work(still, stiffened, 0.01, 10000, rng)) for _ in range(3)],
        "a trap that is dragged, on which work is done", 0, 0.05,
        [jarzynski(trap_work(dragged, np.full(101, 2.0), 0.02, 10000, rng)) for _ in range(3)],
    )  # fmt: skip


def free_energy_of_crooks(rng: np.random.Generator) -> Trial:
    def found(centres, stiffness, dt):
        forward, backward = (
            trap_work(c, k, dt, 10000, rng) for c, k in ((centres, stiffness), (centres[::-1], stiffness[::-1]))
        )
        return crooks(forward, backward)

    return Trial(
        "the same trap, stiffened and softened again", "free energy where both works are as likely", np.log(4) / 2, 0.02,
        [found(np.zeros(101), np.linspace(1, 4, 101), 0.01) for _ in range(3)], "the dragged trap, forth and back", 0, 0.03,
        [found(np.linspace(0, 2, 101), np.full(101, 2.0), 0.02) for _ in range(3)],
    )  # fmt: skip
