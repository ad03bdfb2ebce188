"""Multilayer perceptron: fully connected layers with ReLU."""

from torch import nn

from repdyn.models.embedding import MeanEmbedding
from repdyn.roles import EMBEDDING, HIDDEN, OUTPUT


class MLP(nn.Module):
    """`hidden` widths over flattened inputs, or over the mean word embedding of a text.

    Tracked: the embedding (text only), each hidden layer after its ReLU, the logits.
    """

    # Examples in a forward pass when nothing is learnt: as many as keep the activations in cache.
    chunk = 256

    def __init__(self, hidden: list[int], features: int, classes: int, vocabulary: int = 0, embedding: int = 64):
        super().__init__()
        self.embedding = MeanEmbedding(vocabulary, embedding) if vocabulary else nn.Flatten()
        widths = [embedding if vocabulary else features, *hidden]
        self.hidden = nn.ModuleList(
            nn.Sequential(nn.Linear(before, after), nn.ReLU())
            for before, after in zip(widths, widths[1:], strict=False)
        )
        self.output = nn.Linear(widths[-1], classes)
        self.roles = {"embedding": EMBEDDING} if vocabulary else {}
        self.roles |= {f"hidden.{i}": HIDDEN for i in range(len(hidden))} | {"output": OUTPUT}
        self.tracked = list(self.roles)

    def forward(self, inputs):
        state = self.embedding(inputs)
        for layer in self.hidden:
            state = layer(state)
        return self.output(state)
