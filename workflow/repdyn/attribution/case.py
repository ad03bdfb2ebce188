"""What is explained, and the maps of all methods that fit: for images, texts and vectors alike."""

from contextlib import suppress
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from repdyn.activations.addresses import Where, address, find, inner, named
from repdyn.activations.answers import array
from repdyn.attribution.deeplift import deeplift
from repdyn.attribution.gradcam import enlarged, grad_cam
from repdyn.attribution.gradients import Function, from_layer, gradient, integrated_gradients, layer_output, scores
from repdyn.attribution.lrp import alpha_beta_rule, bends, relevance, unfit
from repdyn.errors import StudyError
from repdyn.models.embedding import PADDING


class Case(NamedTuple):
    """The output of a network at targets (n,) as a function f of x: pixels (n, C, H, W), embedded words (n, T, d) or (n, d).

    Maps have a value per pixel, word or entry: known (n, H, W), (n, T) or (n, d) bool says which are features, axis is the
    axis of x that a map has not. baseline (1, ...): the mean training input or word; other: the lowest value there, or a
    zero word. layer: the path for Grad-CAM or None.
    """

    model: nn.Module
    f: Function
    x: torch.Tensor
    targets: torch.Tensor
    known: torch.Tensor
    axis: int | None
    baseline: torch.Tensor
    other: torch.Tensor
    layer: Where | None

    def spread(self, maps: np.ndarray) -> np.ndarray:
        """Maps with an axis more, so that they broadcast to x."""
        return np.expand_dims(maps, self.axis) if self.axis else maps

    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """f at x and at the baseline, (n,) float64 each."""
        with torch.no_grad():
            found = [scores(self.f, x, self.targets) for x in (self.x, self.baseline.expand_as(self.x))]
        return array(found[0].double()), array(found[1].double())


def case_of(
    model: nn.Module,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    training: torch.Tensor,
    layer: Where | None,
    embedding: Where | None = None,
) -> Case:
    """inputs (n, ...) and targets (n,) to be explained; training: inputs that give the baselines.

    Texts (int64 ids, PADDING where there is no word) go through the embedding of the words, which has to be named where
    there is more than one. layer: for Grad-CAM, of a network with convolutions. StudyError for several inputs: explain a
    function of one of them.
    """
    if not isinstance(inputs, torch.Tensor):
        raise StudyError("maps are of one input; explain a function of it, such as lambda x: model(x, other)")
    if inputs.dtype == torch.int64:
        paths = [name for name, module in inner(model).named_modules() if isinstance(module, nn.Embedding)]
        if embedding is None and len(paths) != 1:
            raise StudyError(
                f"{type(model).__name__} has {len(paths)} embeddings"
                + (
                    f", {', '.join(paths)}: say which is that of the words, embedding=..."
                    if paths
                    else ", a text needs one"
                )
            )
        path = paths[0] if embedding is None else embedding
        module = find(model, address(path).path)
        if not isinstance(module, nn.Embedding):
            raise StudyError(f"{named(path)} is a {type(module).__name__}, not an nn.Embedding")
        words = module.weight.detach()
        counts = torch.bincount(training[training != PADDING], minlength=len(words)).to(words.dtype)
        mean = (counts @ words / counts.sum())[None, None]
        x, known = layer_output(model, path, inputs), inputs != PADDING
        f = from_layer(model, path, inputs)

        def of_words(states):
            # What is no word stays as it is: a network may read its padding.
            rounds = (len(states) // len(x), 1, 1)
            return f(torch.where(known[:, :, None].repeat(rounds), states, x.repeat(rounds)))

        return Case(model, of_words, x, targets, known, 2, mean, torch.zeros_like(mean), None)
    mean = training.mean(0, keepdim=True)
    lowest = training.min().expand_as(mean)
    axis = 1 if inputs.ndim == 4 else None
    known = torch.ones_like(inputs.sum(1) if axis else inputs, dtype=torch.bool)
    return Case(model, model, inputs, targets, known, axis, mean, lowest, layer)


def attributions(case: Case, points: int) -> dict[str, np.ndarray]:
    """{method: maps (n, ...) float64} of all methods that fit the network, NaN for what is no feature.

    saliency is the length of a feature's gradient (|gradient| where it is one number); signed methods are sums over the
    entries of a feature. Grad-CAM has a layer's resolution, enlarged. points: of integrated gradients.
    """
    slope = gradient(case.f, case.x, case.targets)
    found = {
        "saliency": _known(case, slope.norm(dim=case.axis) if case.axis else slope.abs()),
        "gradient_x_input": _summed(case, slope * case.x),
        "integrated_gradients": integrated(case, points),
    }
    if case.layer:
        maps = grad_cam(case.model, case.layer, case.x, case.targets)
        found["grad_cam"] = _known(case, enlarged(maps, tuple(case.x.shape[2:])))
    if not (unfit(case.model) or bends(case.f, case.x, case.targets)):
        found["lrp_z_plus"] = _summed(case, relevance(case.model, case.x, case.targets, alpha_beta_rule(), case.f))
        # Not of activations that are no modules, which only its check of the sum finds.
        with suppress(StudyError):
            found["deeplift"] = _summed(case, deeplift(case.model, case.x, case.targets, case.baseline, case.f))
    return found


def integrated(case: Case, points: int) -> np.ndarray:
    """Maps of integrated gradients from the case's baseline."""
    return _summed(case, integrated_gradients(case.f, case.x, case.targets, case.baseline, points))


def _summed(case: Case, values: torch.Tensor) -> np.ndarray:
    return _known(case, values.sum(case.axis) if case.axis else values)


def _known(case: Case, maps: torch.Tensor) -> np.ndarray:
    return array(torch.where(case.known, maps.double(), torch.nan))
