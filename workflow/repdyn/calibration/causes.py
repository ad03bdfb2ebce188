"""Causes where they are known: a confounded pair, a planted direction, two variables in a layer, a sum of parts."""

import numpy as np
import torch
from torch import nn

from repdyn.attribution.direct_logits import of_heads, through_norm, to_logits
from repdyn.calibration.trial import Trial
from repdyn.interventions.erasure import erased, inlp, leace, random_eraser
from repdyn.interventions.interchange import aligned_subspace, interchange_accuracy, random_subspace
from repdyn.interventions.structural_models import back_door, sampled, seen
from repdyn.measures.probes import probe_accuracies, stratified_halves

DRAWS = 20000  # of a structural model
UNITS = 32
ROUNDS = 8


def confounded(strength: float) -> dict:
    """z causes x and y, x causes y; strength 0: z does not cause x."""

    def drawn(p, rng):
        return (rng.random(DRAWS) < p).astype(float)

    return {
        "z": lambda _, rng: drawn(0.5, rng),
        "x": lambda values, rng: drawn(0.5 + strength * (values["z"] - 0.5), rng),
        "y": lambda values, rng: drawn(0.1 + 0.3 * values["x"] + (0.2 + 0.3 * values["x"]) * values["z"], rng),
    }


def doing_without_setting(rng: np.random.Generator) -> Trial:
    def difference(strength):
        """What is seen less what the back-door formula says of doing."""
        rows = sampled(confounded(strength), DRAWS, rng)
        return seen(rows["x"], rows["y"], 1) - back_door(rows["x"], rows["y"], rows["z"], 1)

    return Trial(
        "a cause of both: P(Y | X = 1) of .8 where P(Y | do X = 1) is .65", "seeing less doing", 0.15, 0.02,
        [difference(0.6) for _ in range(3)], "no cause of X", 0, 0.02, [difference(0) for _ in range(3)],
    )  # fmt: skip


def planted_class(rng: np.random.Generator, n: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Rows (n, UNITS) with correlated noise, and the class that one direction tells, four deviations apart."""
    labels = np.arange(n) % 2
    turn = np.linalg.qr(rng.standard_normal((UNITS, UNITS)))[0]
    noise = rng.standard_normal((n, UNITS)) * np.geomspace(3, 0.3, UNITS) @ turn
    direction = turn[UNITS // 2]
    spread = np.geomspace(3, 0.3, UNITS)[UNITS // 2]
    return noise + 4 * spread * (labels - 0.5)[:, None] * direction, labels


def read(x: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> float:
    return float(probe_accuracies(x, labels[None], stratified_halves(labels, rng), 2)[0])


def erased_at_once(rng: np.random.Generator) -> Trial:
    def found(random):
        x, labels = planted_class(rng)
        eraser = random_eraser(x, 1, rng) if random else leace(x, labels)
        return read(erased(x, eraser), labels, rng)

    return Trial(
        "a class that one of 32 directions tells, erased by LEACE", "accuracy of a probe afterwards", 0.5, 0.06,
        [found(False) for _ in range(3)], "a random direction erased", 0.97, 0.03, [found(True) for _ in range(3)],
    )  # fmt: skip


def erased_in_rounds(rng: np.random.Generator) -> Trial:
    def found(random):
        x, labels = planted_class(rng)
        eraser = random_eraser(x, ROUNDS, rng) if random else inlp(x, labels, ROUNDS)[-1]
        return read(erased(x, eraser), labels, rng)

    return Trial(
        f"the same, by {ROUNDS} rounds of null-space projection", "accuracy of a probe afterwards", 0.5, 0.08,
        [found(False) for _ in range(3)], f"{ROUNDS} random directions erased", 0.95, 0.05,
        [found(True) for _ in range(3)],
    )  # fmt: skip


def two_variables(rng: np.random.Generator, n: int) -> tuple:
    """A layer of 8 units in which two signs stand along two directions, and the rest: their four combinations as classes."""
    turn = torch.from_numpy(np.linalg.qr(rng.standard_normal((8, 8)))[0])

    def rest(states):
        first, second = (states @ turn[:, i] for i in (0, 1))
        return 3 * torch.stack([-first - second, -first + second, first - second, first + second], 1)

    signs = rng.choice([-1.0, 1.0], (2, n, 2))
    states = torch.from_numpy(np.concatenate([signs, 0.5 * rng.standard_normal((2, n, 6))], 2)) @ turn.T
    first, second = signs[1, :, 0], signs[0, :, 1]  # of the source, and of the base
    expected = torch.from_numpy(((first > 0) * 2 + (second > 0)).astype(np.int64))
    return rest, states[0], states[1], expected


def aligned_with_a_variable(rng: np.random.Generator) -> Trial:
    def found(random):
        rest, bases, sources, expected = two_variables(rng, 400)
        half = slice(None, 200), slice(200, None)
        pairs = [(bases[part], sources[part], expected[part]) for part in half]
        if random:
            return interchange_accuracy(rest, *pairs[1], random_subspace(8, 1, rng))
        subspace = aligned_subspace(rest, *pairs[0], 1, int(rng.integers(2**31)))
        return interchange_accuracy(rest, *pairs[1], subspace)

    return Trial(
        "a layer that holds two signs, searched on half of the pairs", "interchange accuracy on the other half", 1, 0.02,
        [found(False) for _ in range(3)], "a random direction: as often as the sign agrees", 0.5, 0.25,
        [found(True) for _ in range(10)],
    )  # fmt: skip


def sum_of_parts(rng: np.random.Generator) -> Trial:
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))

    def drawn(*shape):
        return torch.randn(*shape, generator=generator)

    projection, norm, readout = nn.Linear(12, 6), nn.LayerNorm(6), nn.Linear(6, 3)
    with torch.no_grad():
        for parameter in (*projection.parameters(), *norm.parameters(), *readout.parameters()):
            parameter.copy_(drawn(*parameter.shape))
        projection.weight[:, 4:8] = 0
        stream, heads = drawn(5, 7, 6), drawn(5, 7, 3, 4)
        parts = torch.cat([stream[None], of_heads(heads, projection)])
        found = to_logits(through_norm(parts, norm), readout)
        logits = readout(norm(stream + projection(heads.flatten(2))).mean(1))
    return Trial(
        "heads, a LayerNorm and a read-out", "sum of all parts over the logits", 1, 1e-4,
        [float(found.sum(0).norm() / logits.norm())], "a head that nothing reads", 0, 1e-6, [float(found[2].norm())],
    )  # fmt: skip
