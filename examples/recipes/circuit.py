"""Which features are the circuit behind an answer? A sparse autoencoder, patches of its features, the smallest set of them.

A layer written by hand holds 8 causes along directions of its own. The answer is 3 times the first less twice the second.
Clean rows have the first cause and not the second, corrupted ones the reverse: 60 % and 40 % of the difference between them.
"""

import numpy as np
import torch
from torch import nn

from repdyn.interventions.circuits import size_needed
from repdyn.interventions.features import feature_attributions, with_features
from repdyn.interventions.recovery import recovery
from repdyn.sparse_autoencoders.autoencoder import encode, fit

CAUSES, UNITS, ROWS = 8, 12, 2000
rng = np.random.default_rng(0)
torch.manual_seed(0)
layer, readout = nn.Linear(CAUSES, UNITS, bias=False), nn.Linear(UNITS, 1, bias=False)
nn.init.orthogonal_(layer.weight)
readout.weight.data = torch.tensor([[3.0, -2, 0, 0, 0, 0, 0, 0]]) @ layer.weight.data.T
model = nn.Sequential(layer, nn.Identity(), readout).requires_grad_(False)


def rows(*there):
    causes = (rng.random((ROWS, CAUSES)) < 0.25) * rng.uniform(0.5, 1.5, (ROWS, CAUSES))
    causes[:, :2] *= there
    return torch.tensor(causes + 0.0, dtype=torch.float32)


def answer(outputs):
    return outputs[:, 0]


def features(states):
    return encode(sae, states)


sae = fit(layer(rows(1, 1)).numpy(), CAUSES, seed=0, penalty=0.05, steps=2000)
clean, corrupted = rows(1, 0), rows(0, 1)
donors, states = layer(clean), layer(corrupted)
attributed = feature_attributions(model, clean, "1", donors, states, features, sae.decoder, answer).mean(1)
order = np.argsort(-attributed)
held = features(torch.cat([donors, states])).numpy()
for feature in order[:2]:
    alike = np.corrcoef(held[:, feature], torch.cat([clean, corrupted]).T)[0, 1:]
    share = attributed[feature] / attributed.sum()
    print(f"a feature: cause {alike.argmax() + 1}, correlation {alike.max():.2f}, {share:.0%} of the attribution")


def patched(chosen):
    mask = torch.tensor(np.isin(np.arange(CAUSES), chosen).astype(np.float32))
    return answer(readout(with_features(states, donors, features, sae.decoder, mask))).numpy()


changed = np.stack([patched(order[:size]) for size in range(CAUSES + 1)] + [patched(order[2:])])
shares = recovery(changed, answer(model(corrupted)).numpy(), answer(model(clean)).numpy(), rng).value
print(f"patched: the first carries {shares[1]:.0%} of the difference, both {shares[2]:.0%}, others {shares[-1]:z.0%}")
print(f"features in the smallest circuit with 90 %: {size_needed(shares[:-1], range(CAUSES + 1), 0.9):.0f}")
