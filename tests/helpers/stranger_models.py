"""Networks that are not the study's, small and with all the habits that such networks have."""

from dataclasses import dataclass

import torch
from torch import nn

CLASSES = 3


class Residual(nn.Module):
    """A block as torchvision writes it: one ReLU that serves twice and works in place, a sum in place."""

    def __init__(self, before: int, after: int, stride: int = 1):
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.downsample = None
        if stride > 1 or before != after:
            self.downsample = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(6)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = nn.Sequential(Residual(6, 6), Residual(6, 6))
        self.layer2 = nn.Sequential(Residual(6, 8, 2), nn.BatchNorm2d(8), nn.SiLU(inplace=True))
        self.fc = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        return self.fc(self.layer2(self.layer1(x)).mean((2, 3)))


class Encoder(nn.Module):
    """nn.TransformerEncoder over tokens, batch first, with padding; its fast path would pass hooks by."""

    def __init__(self, width: int = 8, time_first: bool = False):
        super().__init__()
        self.time_first = time_first
        self.embed = nn.Embedding(12, width, padding_idx=0)
        self.place = nn.Embedding(6, width)
        layer = nn.TransformerEncoderLayer(width, 2, 16, dropout=0.0, batch_first=not time_first)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(width, CLASSES)

    def forward(self, tokens):
        states = self.embed(tokens) + self.place(torch.arange(tokens.shape[1], device=tokens.device))
        mask = tokens == 0
        if self.time_first:
            states = self.encoder(states.transpose(0, 1), src_key_padding_mask=mask).transpose(0, 1)
        else:
            states = self.encoder(states, src_key_padding_mask=mask)
        return self.head(states.mean(1))


class HandWritten(nn.Module):
    """Attention by hand, with weights of its own and activations in place."""

    def __init__(self, width: int = 8):
        super().__init__()
        self.project = nn.Linear(4, width)
        self.qkv = nn.Parameter(0.3 * torch.randn(3, width, width))
        self.mix = nn.Linear(width, width)
        self.act = nn.SiLU(inplace=True)
        self.head = nn.Linear(width, CLASSES)

    def forward(self, x):
        states = self.project(x)
        query, key, value = (states @ weight for weight in self.qkv)
        mixed = (query @ key.transpose(1, 2) / 8**0.5).softmax(-1) @ value
        states = states + self.mix(mixed)
        states = self.act(states)
        states *= 0.5
        return self.head(states.mean(1))


class Recurrent(nn.Module):
    def __init__(self, kind=nn.GRU):
        super().__init__()
        self.rnn = kind(4, 6, batch_first=True)
        self.head = nn.Linear(6, CLASSES)

    def forward(self, x):
        output, _ = self.rnn(x)
        return self.head(output[:, -1])


@dataclass
class Answers:
    logits: torch.Tensor
    hidden: torch.Tensor


class Named(nn.Module):
    """Returns a dictionary, and so does the module in it."""

    class Body(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(5, 7)

        def forward(self, x):
            inner = self.linear(x)
            return {"raw": inner, "active": inner.relu()}

    def __init__(self):
        super().__init__()
        self.body = Named.Body()
        self.head = nn.Linear(7, CLASSES)

    def forward(self, x):
        hidden = self.body(x)["active"]
        return {"logits": self.head(hidden), "hidden": hidden}


class Two(nn.Module):
    """Takes two inputs."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(5, 6), nn.Linear(3, 6)
        self.relu = nn.ReLU()
        self.head = nn.Linear(6, CLASSES)

    def forward(self, left, right):
        return self.head(self.relu(self.left(left) * self.right(right)))


class Tagger(nn.Module):
    """A class for every position."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(12, 8)
        self.rnn = nn.LSTM(8, 6, batch_first=True)
        self.head = nn.Linear(6, CLASSES)

    def forward(self, tokens):
        return self.head(self.rnn(self.embed(tokens))[0])


def made(kind, *arguments, trained: int = 0):
    """A network from seed 0, its normalisation away from where it starts."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = kind(*arguments)
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.2)
                module.running_var.uniform_(0.5, 1.5)
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, 0, 0.2)
    return model


def normal(*shape, seed=1):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def tokens(n, length, seed=1):
    found = torch.randint(1, 12, (n, length), generator=torch.Generator().manual_seed(seed))
    found[: n // 2, length - 2 :] = 0
    return found
