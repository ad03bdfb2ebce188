"""Which layer holds X? A probe of each layer, beside the same probe of shuffled labels, on a network written by hand.

X is whether two signs differ. The network turns its input, computes X in the second layer and throws it away in the third.
"""

import numpy as np
import torch
from torch import nn

from repdyn.interventions.patching import activations
from repdyn.measures.probes import control_labelings, probe_accuracies, stratified_halves

rng = np.random.default_rng(0)
signs = rng.choice([-1.0, 1.0], (600, 2))
x = np.column_stack([signs, rng.standard_normal((600, 6))])
label = (signs[:, 0] != signs[:, 1]).astype(int)

turn, compute, forget = nn.Linear(8, 8, bias=False), nn.Linear(8, 4, bias=False), nn.Linear(4, 2, bias=False)
model = nn.Sequential(turn, compute, nn.ReLU(), forget)
with torch.no_grad():
    basis = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    turn.weight.copy_(torch.tensor(basis))
    pairs = np.zeros((4, 8))
    pairs[:, :2] = [[1, 1], [-1, -1], [1, -1], [-1, 1]]  # one unit for each pair of signs
    compute.weight.copy_(torch.tensor(pairs @ basis.T))
    forget.weight.copy_(torch.tensor([[1.0, -1, 1, -1], [1, -1, -1, 1]]))  # the two signs again

layers = {"input": torch.tensor(x, dtype=torch.float32)} | activations(model, torch.tensor(x).float(), ["0", "2", "3"])
half = stratified_halves(label, rng)
labellings = np.vstack([label, control_labelings(label, half, 50, rng)])
for name, states in layers.items():
    accuracy, *controls = probe_accuracies(states.numpy(), labellings, half, 2)
    print(f"layer {name}: accuracy {accuracy:.2f}, of shuffled labels at most {max(controls):.2f}")
