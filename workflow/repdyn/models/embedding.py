"""Learned word embeddings; token 0 is padding."""

from torch import nn

PADDING = 0


class MeanEmbedding(nn.Module):
    """Mean of the embeddings of the words of a text (Iyyer 2015): (n, T) token ids to (n, width)."""

    def __init__(self, vocabulary: int, width: int):
        super().__init__()
        self.words = nn.Embedding(vocabulary, width)

    def forward(self, tokens):
        return masked_mean(self.words(tokens), tokens != PADDING)


def masked_mean(states, valid):
    """Mean over the valid tokens: states (n, T, d), valid (n, T) bool; (n, d)."""
    weights = valid.to(states.dtype)[:, :, None]
    return (states * weights).sum(1) / weights.sum(1).clamp(min=1)
