"""Attributions where they are known: linear functions, a product, games and maps by hand."""

import numpy as np
import torch
from torch import nn

from repdyn.attribution.agreement import rank_agreement
from repdyn.attribution.deeplift import deeplift
from repdyn.attribution.exemplars import exemplar_likeness
from repdyn.attribution.gradcam import grad_cam
from repdyn.attribution.gradients import integrated_gradients, saliency
from repdyn.attribution.lrp import epsilon_rule, relevance
from repdyn.attribution.maximisation import maximise, unit_activation
from repdyn.attribution.natural import coloured, shifted
from repdyn.attribution.removal import area, removal_curve
from repdyn.attribution.shapley import exact_shapley, masking_game, permutation_shapley
from repdyn.attribution.surrogates import kernel_shap, lime
from repdyn.calibration.trial import Trial


def linear(weight: np.ndarray) -> nn.Linear:
    """A layer of these weights (classes, d), without bias."""
    classes, d = np.shape(weight)
    layer = nn.Linear(d, classes, bias=False).double()
    layer.weight.data = torch.from_numpy(np.asarray(weight, dtype=np.float64))
    return layer


def _read_by(rng: np.random.Generator) -> tuple[nn.Linear, torch.Tensor, torch.Tensor]:
    """A layer that reads the first of 4 inputs with weight 3 and the last not at all; inputs of 2; their targets."""
    weight = rng.standard_normal((2, 4))
    weight[:, 0], weight[:, 3] = 3, 0
    return linear(weight), torch.full((5, 4), 2.0, dtype=torch.float64), torch.zeros(5, dtype=torch.int64)


def saliency_of_weights(rng: np.random.Generator) -> Trial:
    found = saliency(*_read_by(rng)).numpy()
    return Trial(
        "a linear function, an input of weight 3", "saliency", 3, 1e-9, found[:, 0].tolist(),
        "an input that is not read", 0, 1e-9, found[:, 3].tolist(),
    )  # fmt: skip


def integrated_gradients_of_a_product(rng: np.random.Generator) -> Trial:
    def product(x):
        return (x[:, 0] * x[:, 1])[:, None]

    x = torch.ones(1, 3, dtype=torch.float64)
    found = integrated_gradients(product, x, torch.zeros(1, dtype=torch.int64), torch.zeros_like(x)).numpy()[0]
    return Trial(
        "the product of two inputs of 1, baseline 0", "attribution of either", 0.5, 1e-6, found[:2].tolist(),
        "an input that is not read", 0, 1e-9, [found[2]],
    )  # fmt: skip


def relevance_by_layers(rng: np.random.Generator) -> Trial:
    model = nn.Sequential(linear(np.array([[1.0, 2, 0], [1, -1, 0]])), nn.ReLU(), linear(np.array([[3.0, 1], [0, 1]])))
    x = torch.tensor([[1.0, 2.0, 5.0]], dtype=torch.float64)
    # The hidden units are 5 and 0, the output 15; of it the inputs brought 1 / 5 and 4 / 5.
    found = relevance(model, x, torch.zeros(1, dtype=torch.int64), epsilon_rule(1e-9)).numpy()[0]
    return Trial(
        "two layers with a ReLU, by hand", "relevance of the second input", 12, 1e-6, [found[1]],
        "an input that is not read", 0, 1e-9, [found[2]],
    )  # fmt: skip


def shapley_of_gloves(rng: np.random.Generator) -> Trial:
    def game(coalitions):
        return coalitions[:, :2].any(1) & coalitions[:, 2]

    found = exact_shapley(game, 4)
    return Trial(
        "two left gloves and a right one", "Shapley value of the right glove", 2 / 3, 1e-12, [found[2]],
        "a player without a glove", 0, 1e-12, [found[3]],
    )  # fmt: skip


def shapley_by_sampling(rng: np.random.Generator) -> Trial:
    layer, x, targets = _read_by(rng)
    background = torch.zeros(1, 4, dtype=torch.float64)
    game = masking_game(layer, x, targets, torch.arange(4), background)
    found = permutation_shapley(game, 4, 20, rng)[0]
    return Trial(
        "a linear function, an input of 2 and weight 3, background 0", "Shapley value", 6, 1e-9, found[0].tolist(),
        "an input that is not read", 0, 1e-9, found[3].tolist(),
    )  # fmt: skip


def class_activation_map(rng: np.random.Generator) -> Trial:
    class Pooled(nn.Module):
        def __init__(self):
            super().__init__()
            self.maps, self.head = nn.Conv2d(2, 2, 1, bias=False).double(), linear(np.array([[2.0, 0], [0, 0]]))
            self.maps.weight.data = torch.eye(2, dtype=torch.float64)[:, :, None, None]

        def forward(self, x):
            return self.head(self.maps(x).mean((2, 3)))

    x = torch.zeros(2, 2, 4, 4, dtype=torch.float64)
    x[:, 0, 1, 2] = 8
    found = grad_cam(Pooled(), "maps", x, torch.tensor([0, 1])).numpy()
    return Trial(
        "a channel of weight 2 that is 8 in one of 16 places", "map there", 2 * 8 / 16, 1e-6, [found[0, 1, 2]],
        "a class that reads no channel", 0, 1e-9, [found[1].max()],
    )  # fmt: skip


def best_input(rng: np.random.Generator) -> Trial:
    weight = rng.standard_normal((3, 20))
    weight[2] = 0
    model = nn.Sequential(linear(weight))
    units = torch.tensor([0, 1, 2])
    start = torch.from_numpy(0.01 * rng.standard_normal((3, 20)))
    found = maximise(unit_activation(model, "0", units), start, 1.0)[0].numpy()
    cosine = (found * weight).sum(1) / np.maximum(np.linalg.norm(found, axis=1) * np.linalg.norm(weight, axis=1), 1e-12)
    return Trial(
        "a linear unit", "cosine of its best input and its weights", 1, 1e-6, cosine[:2].tolist(),
        "a unit without weights", 0, 1e-6, [cosine[2]],
    )  # fmt: skip


def deletion_curve(rng: np.random.Generator) -> Trial:
    layer = linear(np.eye(2, 10))
    x = torch.ones(40, 10, dtype=torch.float64)
    targets = torch.zeros(40, dtype=torch.int64)

    def found(ranking):
        return area(removal_curve(layer, x, torch.zeros_like(x), ranking, targets, rng)).mean()

    right = np.tile(np.arange(10)[::-1], (40, 1)).astype(float)
    return Trial(
        "one of ten inputs is all that counts, and is taken first", "area under the curve", 0.05, 1e-9, [found(right)],
        "a random order", 0.5, 0.06, [found(rng.random((40, 10))) for _ in range(5)],
    )  # fmt: skip


def likeness_of_exemplars(rng: np.random.Generator) -> Trial:
    # Examples that are the unit's best input, or its negative, in noise that is small.
    best, sign = rng.standard_normal((1, 30)), np.where(np.arange(200) % 2, 1, -1)[:, None]
    examples = sign * best + 1e-3 * rng.standard_normal((200, 30))
    found = exemplar_likeness(best, examples, examples @ best.T, 10)
    return Trial(
        "examples that are a unit's best input or its negative", "cosine of the most exciting ten with it", 1, 1e-3,
        found.cosine.tolist(), "ten examples at random", 0, 0.01, found.null_mean.tolist(),
    )  # fmt: skip


def agreement_of_maps(rng: np.random.Generator) -> Trial:
    maps = rng.standard_normal((50, 64))
    return Trial(
        "maps and their cubes", "rank correlation", 1, 1e-9, [rank_agreement(maps, maps**3).mean],
        "unrelated maps", 0, 0.03, [rank_agreement(maps, rng.standard_normal((50, 64))).mean for _ in range(5)],
    )  # fmt: skip


def deeplift_of_a_minimum(rng: np.random.Generator) -> Trial:
    # min(1, x1 + x2) as a network; a third input is not read.
    first, last = linear(np.array([[-1.0, -1, 0], [0, 0, 0]])), linear(np.array([[-1.0, 0]]))
    model = nn.Sequential(first, nn.ReLU(), last)
    first.bias = nn.Parameter(torch.ones(2, dtype=torch.float64))
    x = torch.ones(1, 3, dtype=torch.float64)
    found = deeplift(model, x, torch.zeros(1, dtype=torch.int64), torch.zeros_like(x)).numpy()[0]
    return Trial(
        "the smaller of 1 and the sum of two inputs of 1, baseline 0", "part of either", 0.5, 1e-9, found[:2].tolist(),
        "an input that is not read", 0, 1e-9, [found[2]],
    )  # fmt: skip


def kernel_shap_of_gloves(rng: np.random.Generator) -> Trial:
    def game(coalitions):
        return coalitions[:, :2].any(1) & coalitions[:, 2]

    found = np.stack([kernel_shap(game, 4, 200, rng) for _ in range(5)])
    return Trial(
        "two left gloves and a right one, 400 coalitions", "value of the right glove", 2 / 3, 0.05, found[:, 2].tolist(),
        "a player without a glove", 0, 0.05, found[:, 3].tolist(),
    )  # fmt: skip


def lime_of_weights(rng: np.random.Generator) -> Trial:
    def game(coalitions):
        return coalitions @ np.array([3.0, 1, -1, 0]) + 0.5 * rng.standard_normal(len(coalitions))

    found = np.stack([lime(game, 4, 200, rng) for _ in range(5)])
    return Trial(
        "a sum of three players in noise, one of weight 3", "coefficient", 3, 0.3, found[:, 0].tolist(),
        "a player of weight 0", 0, 0.3, found[:, 3].tolist(),
    )  # fmt: skip


def natural_best_input(rng: np.random.Generator) -> Trial:
    weight = torch.from_numpy(rng.standard_normal((3, 1, 16, 16)))
    shifts = torch.tensor([[0, 0], [1, 0], [0, -1]])
    start = torch.from_numpy(0.01 * rng.standard_normal((3, 1, 16, 16)))

    def activation(x):
        return (coloured(x) * weight).flatten(1).sum(1)

    found = coloured(maximise(shifted(activation, shifts), start, 1.0)[0])
    # Of a linear unit it is the weights, shifted back and averaged, coloured twice.
    mean = torch.stack([weight.roll((-int(a), -int(b)), (-2, -1)) for a, b in shifts]).mean(0)
    cosine = torch.nn.functional.cosine_similarity
    right, plain = (cosine(found.flatten(1), each.flatten(1)).tolist() for each in (coloured(coloured(mean)), weight))
    return Trial(
        "a linear unit, its best image in 1 / f coordinates under shifts", "cosine with the one in closed form", 1, 1e-6,
        right, "with its weights, which no prior has touched", 0.25, 0.2, plain,
    )  # fmt: skip
