"""The networks: shapes, names of tracked layers, and the transformer against PyTorch's own."""

import pytest
import torch
from torch import nn

from repdyn.errors import StudyError
from repdyn.models import build
from repdyn.models.transformer import Block, patches
from repdyn.roles import check_roles, output_layer

SHAPES = {"image": (1, 28, 28), "text": (24,), "vector": (64,)}
NETWORKS = {
    "mlp": {"family": "mlp", "hidden": [12, 8]},
    "cnn": {"family": "cnn", "channels": [4, 6, 8]},
    "transformer": {"family": "transformer", "width": 16, "heads": 4, "layers": 2},
}
BLOCK = ["blocks.{}.attention", "blocks.{}.feedforward", "blocks.{}"]
TRACKED = {
    ("mlp", "image"): ["hidden.0", "hidden.1", "output"],
    ("mlp", "vector"): ["hidden.0", "hidden.1", "output"],
    ("mlp", "text"): ["embedding", "hidden.0", "hidden.1", "output"],
    ("cnn", "image"): ["blocks.0.relu", "blocks.1.relu", "blocks.2.relu", "output"],
    ("transformer", "image"): ["embedding", *(b.format(i) for i in (0, 1) for b in BLOCK), "output"],
    ("transformer", "text"): ["embedding", *(b.format(i) for i in (0, 1) for b in BLOCK), "output"],
}


def make(family, kind):
    vocabulary = 50 if kind == "text" else 0
    return build(NETWORKS[family], kind=kind, shape=SHAPES[kind], classes=5, vocabulary=vocabulary)


def inputs(kind, n=3):
    return torch.randint(1, 50, (n, 24)) if kind == "text" else torch.rand(n, *SHAPES[kind])


@pytest.mark.parametrize(("family", "kind"), TRACKED)
def test_logits_and_tracked_layers(family, kind):
    model = make(family, kind)
    assert model(inputs(kind)).shape == (3, 5)
    assert model.tracked == TRACKED[family, kind] == list(model.roles)
    check_roles(model.roles)
    assert output_layer(model.roles) == "output"
    for name in model.tracked:
        model.get_submodule(name)


@pytest.mark.parametrize(("family", "kind"), [("cnn", "text"), ("cnn", "vector"), ("transformer", "vector")])
def test_a_network_that_cannot_read_the_data_is_refused(family, kind):
    with pytest.raises(StudyError, match=f"A {family} cannot take {kind} input"):
        make(family, kind)


def pytorch_block(block, width, heads):
    """PyTorch's encoder layer with the weights of ours."""
    layer = nn.TransformerEncoderLayer(width, heads, 4 * width, dropout=0.1, batch_first=True)
    layer.load_state_dict(
        {
            "self_attn.in_proj_weight": block.attention.qkv.weight,
            "self_attn.in_proj_bias": block.attention.qkv.bias,
            "self_attn.out_proj.weight": block.attention.out_proj.weight,
            "self_attn.out_proj.bias": block.attention.out_proj.bias,
            "linear1.weight": block.feedforward[0].weight,
            "linear1.bias": block.feedforward[0].bias,
            "linear2.weight": block.down.weight,
            "linear2.bias": block.down.bias,
            **{f"norm{i}.{p}": getattr(getattr(block, f"norm{i}"), p) for i in (1, 2) for p in ("weight", "bias")},
        }
    )
    return layer.eval()


@pytest.mark.parametrize("padded", [False, True])
def test_block_equals_pytorch_encoder_layer(padded):
    torch.manual_seed(0)
    block = Block(32, 4, 0.1).eval()
    states = torch.randn(5, 7, 32)
    valid = torch.ones(5, 7, dtype=torch.bool)
    if padded:
        valid[:, 5:] = False
    ours = block(states, valid if padded else None)
    theirs = pytorch_block(block, 32, 4)(states, src_key_padding_mask=~valid if padded else None)
    torch.testing.assert_close(ours[valid], theirs[valid], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("family", ["mlp", "transformer"])
def test_padding_changes_nothing(family):
    model = make(family, "text").eval()
    tokens = inputs("text")
    tokens[:, 10:] = 0
    shorter = model(tokens)
    model.state_dict()["embedding.words.weight" if family == "mlp" else "project.weight"][0] = 7.0
    torch.testing.assert_close(model(tokens), shorter)


def test_patches_are_cut_row_by_row():
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert patches(image, 2)[0].tolist() == [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]


def test_attention_rows_are_probabilities_and_heads_make_its_output():
    torch.manual_seed(0)
    block = Block(32, 4, 0.1).eval()
    seen = {}
    for name in ("probabilities", "heads"):
        module = getattr(block.attention, name)
        module.register_forward_hook(lambda _m, _i, output, name=name: seen.__setitem__(name, output))
    output = block.attention(torch.randn(5, 7, 32))
    torch.testing.assert_close(seen["probabilities"].sum(-1), torch.ones(5, 4, 7))
    projection = block.attention.out_proj.weight.reshape(32, 4, 8)
    per_head = torch.einsum("nthk,dhk->nthd", seen["heads"], projection)
    torch.testing.assert_close(per_head.sum(2) + block.attention.out_proj.bias, output, atol=1e-6, rtol=1e-5)
