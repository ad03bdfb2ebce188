"""Three tools on a residual network written by hand, whose sums and ReLUs work in place: ablation, Grad-CAM, patching."""

import torch
from sklearn.datasets import load_digits
from torch import nn

from repdyn.activations.addresses import Address
from repdyn.attribution.gradcam import grad_cam
from repdyn.interventions.ablation import effects, over_examples
from repdyn.interventions.patching import logit_difference, patch_each, whole


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        out = self.two(self.relu(self.one(x)))
        out += x
        return self.relu(out)


images, labels = load_digits(return_X_y=True)
x, y = torch.tensor(images / 16, dtype=torch.float32).view(-1, 1, 8, 8), torch.tensor(labels)
torch.manual_seed(0)
model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), Block(), Block(), nn.Flatten(), nn.Linear(512, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(100):
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(x[:500]), y[:500]).backward()
    optimizer.step()

channels = Address("1", units=1)  # the output of a module of one's own: say where its units are
rise = over_examples(effects(model, x[:200], labels[:200], channels, [[unit] for unit in range(8)], 0.0).loss)
print(f"without channel {rise.value.argmax()} of the first block the loss rises by {rise.value.max():.2f} nats")

inner = Address("1.relu", call=0, units=1)  # the ReLU of a block serves twice: say which call
maps = grad_cam(model, inner, x[500:700], y[500:700])
print(f"Grad-CAM of the ReLU inside it: {(maps > 0).double().mean():.0%} of the places speak for the digit")

threes, fives = x[y == 3][:50], x[y == 5][:50]
metric = logit_difference(5, 3)
with torch.no_grad():
    start, end = (metric(model(each)).mean() for each in (threes, fives))
carried = patch_each(model, threes, fives, [whole("1.two"), whole("1")], metric).mean(1)
for path, value in zip(("branch", "whole"), (carried - float(start)) / float(end - start), strict=True):
    print(f"from a 3 to a 5, the {path} of the first block carries {value:.0%} of the answer")
