"""Networks whose read-out tells one class of images from another: what patching and circuits are tried on."""

import torch

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.interventions.patching import logit_difference
from repdyn.models import build

METRIC = logit_difference(0, 1)


def network(family):
    """A random network whose read-out tells class 0 from class 1."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = build(NETWORKS[family], **SHAPE).eval()
    seen = []
    handle = model.output.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0].mean(0)))
    with torch.no_grad():
        for inputs in images():
            model(inputs)
        model.output.weight[0] += 5 * (seen[0] - seen[1])
    handle.remove()
    return model


def images():
    """Clean and corrupted, ten each."""
    inputs, labels = data()
    return inputs[labels == 0][:10], inputs[labels == 1][:10]
