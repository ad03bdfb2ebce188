"""The forward passes of a few networks once more, in plain out-of-place operations, with one activation open to a change.

Each is forward(model, inputs, change) -> (activation before the change, examples first; answer after it).
"""

import torch
from torch.nn.functional import conv2d, layer_norm, max_pool2d, softmax


def mlp(model, x, change):
    h = change(before := torch.clamp(x @ model[0].weight.T + model[0].bias, min=0))
    return before, h @ model[2].weight.T + model[2].bias


def cnn(model, x, change):
    before = torch.clamp(conv2d(x, model[0].weight, model[0].bias, padding=1), min=0)
    pooled = max_pool2d(change(before), 2).flatten(1)
    return before, pooled @ model[4].weight.T + model[4].bias


def norm2d(layer, x):
    mean, var = layer.running_mean[:, None, None], layer.running_var[:, None, None]
    return (x - mean) / torch.sqrt(var + layer.eps) * layer.weight[:, None, None] + layer.bias[:, None, None]


def residual(block, x):
    out = torch.clamp(norm2d(block.bn1, conv2d(x, block.conv1.weight, stride=block.conv1.stride, padding=1)), min=0)
    out = norm2d(block.bn2, conv2d(out, block.conv2.weight, padding=1))
    if block.downsample is not None:
        x = norm2d(block.downsample[1], conv2d(x, block.downsample[0].weight, stride=block.downsample[0].stride))
    return torch.clamp(out + x, min=0)


def resnet(model, x, change):
    x = torch.clamp(norm2d(model.bn1, conv2d(x, model.conv1.weight, padding=1)), min=0)
    before = residual(model.layer1[0], x)
    x = norm2d(model.layer2[1], residual(model.layer2[0], residual(model.layer1[1], change(before))))
    return before, (x * torch.sigmoid(x)).mean((2, 3)) @ model.fc.weight.T + model.fc.bias


def attention(layer, states, mask):
    n, length, width = states.shape
    count = layer.num_heads
    query, key, value = (
        (states @ weight.T + bias).view(n, length, count, width // count).transpose(1, 2)
        for weight, bias in zip(layer.in_proj_weight.chunk(3), layer.in_proj_bias.chunk(3), strict=True)
    )
    scores = query @ key.transpose(2, 3) / (width // count) ** 0.5
    mixed = softmax(scores.masked_fill(mask[:, None, None], -torch.inf), -1) @ value
    return mixed.transpose(1, 2).reshape(n, length, width) @ layer.out_proj.weight.T + layer.out_proj.bias


def encoder(model, tokens, change):
    states = model.embed.weight[tokens] + model.place.weight[: tokens.shape[1]]
    before = None
    for layer in model.encoder.layers:
        states = states + attention(layer.self_attn, states, tokens == 0)
        states = layer_norm(states, states.shape[-1:], layer.norm1.weight, layer.norm1.bias)
        inner = torch.clamp(states @ layer.linear1.weight.T + layer.linear1.bias, min=0)
        states = states + inner @ layer.linear2.weight.T + layer.linear2.bias
        states = layer_norm(states, states.shape[-1:], layer.norm2.weight, layer.norm2.bias)
        if before is None:
            states = change(before := states)
    return before, states.mean(1) @ model.head.weight.T + model.head.bias


def by_hand(model, x, change):
    states = x @ model.project.weight.T + model.project.bias
    query, key, value = (states @ weight for weight in model.qkv)
    mixed = softmax(query @ key.transpose(1, 2) / 8**0.5, -1) @ value
    states = change(before := mixed @ model.mix.weight.T + model.mix.bias) + states
    states = states * torch.sigmoid(states) * 0.5
    return before, states.mean(1) @ model.head.weight.T + model.head.bias


def gru(model, x, change):
    rnn, states = model.rnn, []
    h = torch.zeros(len(x), rnn.hidden_size, dtype=x.dtype)
    for t in range(x.shape[1]):
        r_in, z_in, n_in = (x[:, t] @ rnn.weight_ih_l0.T + rnn.bias_ih_l0).chunk(3, 1)
        r_h, z_h, n_h = (h @ rnn.weight_hh_l0.T + rnn.bias_hh_l0).chunk(3, 1)
        z = torch.sigmoid(z_in + z_h)
        h = (1 - z) * torch.tanh(n_in + torch.sigmoid(r_in + r_h) * n_h) + z * h
        states.append(h)
    before = torch.stack(states, 1)
    return before, change(before)[:, -1] @ model.head.weight.T + model.head.bias


def named(model, x, change):
    model = model.model  # of what answers with one part
    before = torch.clamp(x @ model.body.linear.weight.T + model.body.linear.bias, min=0)
    return before, change(before) @ model.head.weight.T + model.head.bias


def two(model, inputs, change):
    left, right = inputs
    before = torch.clamp(
        (left @ model.left.weight.T + model.left.bias) * (right @ model.right.weight.T + model.right.bias), min=0
    )
    return before, change(before) @ model.head.weight.T + model.head.bias
