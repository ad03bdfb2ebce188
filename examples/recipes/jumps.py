"""A jump in my training curve: is it one? Change points of two loss curves, each tested against smooth curves like itself.

The same torch network learns twice; in the second run the data are cleaner from update 150 on, and the loss drops at once.
"""

import numpy as np
import torch
from torch import nn

from repdyn.dynamics.phases import change_points

UPDATES, CLEANER = 300, 150


def curve(noise_later):
    torch.manual_seed(0)
    model, teacher = nn.Linear(50, 1, bias=False), torch.randn(50, 1) / 7
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    losses = []
    for update in range(UPDATES):
        noise = noise_later if update >= CLEANER else 1.0
        x = torch.randn(256, 50)
        loss = ((model(x) - x @ teacher - noise * torch.randn(256, 1)) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return np.array(losses)


for name, noise in (("the same data throughout", 1.0), ("cleaner data from update 150 on", 0.7)):
    found = change_points(np.arange(UPDATES), curve(noise), np.random.default_rng(0))
    places = " and ".join(f"after update {place}" for place in found.before) or "none"
    print(f"{name}: jumps {places} (p = {found.p:.3f})")
