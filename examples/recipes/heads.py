"""Does this head matter? Activation patching of each head, with a control, on a layer of attention written by hand.

The answer is the first symbol of a sequence. Head 0 looks at the first place; head 1 at all places alike, and what it says
is not read.
"""

import numpy as np
import torch
from torch import nn

from repdyn.interventions.patching import activations, logit_difference, patch_each, sites_along
from repdyn.interventions.recovery import recovery

SYMBOLS, LENGTH, N = 4, 6, 200


class Copies(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(2 * SYMBOLS, 2, bias=False, batch_first=True)
        query, key, value, out = (torch.zeros(8, 8) for _ in range(4))
        query[0, 7], key[0, 6] = 20, 1  # head 0: every place asks for the place marked as the first
        value[:4, :4] = value[4:, :4] = out[:4, :4] = torch.eye(4)  # both say which symbol; only head 0 is let through
        with torch.no_grad():
            self.attention.in_proj_weight.copy_(torch.cat([query, key, value]))
            self.attention.out_proj.weight.copy_(out)

    def forward(self, symbols):
        x = torch.zeros(*symbols.shape, 8)
        x[..., :4] = nn.functional.one_hot(symbols, 4)
        x[:, 0, 6], x[..., 7] = 1, 1  # the first place is marked
        return 5 * self.attention(x, x, x, need_weights=False)[0][:, -1, :4]


rng = np.random.default_rng(0)
model, path = Copies(), "attention.heads"
corrupted, clean, other = (torch.tensor(rng.integers(0, SYMBOLS, (N, LENGTH))) for _ in range(3))
corrupted[:, 0], clean[:, 0], other[:, 0] = (
    0,
    1,
    0,
)  # the control is another sequence with the symbol of the corrupted one

metric = logit_difference(1, 0)
with torch.no_grad():
    start, end = (metric(model(each)).numpy() for each in (corrupted, clean))
sites = sites_along(path, activations(model, clean[:1], [path])[path].shape[1:], 1)
for name, donors in (("the clean sequence", clean), ("another sequence", other)):
    found = recovery(patch_each(model, corrupted, donors, sites, metric), start, end, rng)
    for head, value in enumerate(found.value):
        print(f"head {head} patched from {name}: {value:z.0%} of the answer")
