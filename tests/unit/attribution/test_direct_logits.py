"""Direct logit attribution: parts add up to the logits, and each is what its weights say."""

import pytest
import torch
from torch import nn

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.activations.hooks import recorded
from repdyn.attribution.direct_logits import of_heads, through_norm, to_logits
from repdyn.errors import StudyError
from repdyn.models import build


def last_block(valid=None):
    """The transformer's last block and read-out taken apart: parts and logits."""
    torch.manual_seed(0)
    model = build(NETWORKS["transformer"], **SHAPE).eval()
    block = model.blocks[-1]
    before = f"blocks.{len(model.blocks) - 2}"
    places = [before, f"blocks.{len(model.blocks) - 1}.attention.heads", f"blocks.{len(model.blocks) - 1}.feedforward"]
    with torch.no_grad(), recorded(model, places) as outputs:
        logits = model(data(6, 0)[0])
        stream, heads, inner = (outputs[place] for place in places)
        parts = torch.cat([stream[None], of_heads(heads, block.attention.out_proj)])
        parts = through_norm(parts, block.norm1)
        parts = torch.cat([parts, block.down(inner)[None]])
        return model, to_logits(through_norm(parts, block.norm2), model.output), logits


def test_the_parts_of_a_transformer_add_up_to_its_logits():
    model, parts, logits = last_block()
    heads = model.blocks[-1].attention.head_count
    # The stream before, the heads and their bias, two norms' biases, the feed-forward layer, the read-out's bias.
    assert len(parts) == 1 + heads + 1 + 1 + 1 + 1 + 1
    assert parts.sum(0) == pytest.approx(logits, abs=1e-5)
    assert parts[1 : 1 + heads].abs().amax((1, 2)).min() > 1e-3


def test_a_head_that_nothing_reads_has_no_part_and_the_tokens_that_count_do():
    torch.manual_seed(1)
    heads, projection = torch.randn(3, 5, 2, 4), nn.Linear(8, 6)
    projection.weight.data[:, 4:] = 0
    parts = of_heads(heads, projection)
    assert parts[1].abs().max() == 0 and torch.allclose(parts.sum(0), projection(heads.flatten(2)), atol=1e-6)
    assert torch.allclose(parts[0], heads[:, :, 0] @ projection.weight[:, :4].T, atol=1e-6)
    norm, readout, valid = nn.LayerNorm(6), nn.Linear(6, 2), torch.arange(5) < torch.tensor([[2], [5], [1]])
    whole = readout((norm(parts.sum(0)) * valid[..., None]).sum(1) / valid.sum(1, keepdim=True))
    assert torch.allclose(to_logits(through_norm(parts, norm), readout, valid).sum(0), whole, atol=1e-5)
    plain = nn.LayerNorm(6, elementwise_affine=False)
    assert torch.allclose(through_norm(parts, plain).sum(0), plain(parts.sum(0)), atol=1e-5)


BAD = [
    (lambda: of_heads(torch.zeros(2, 3, 2, 4), nn.Linear(9, 6)), "projection of H k numbers"),
    (lambda: through_norm(torch.zeros(1, 2, 3, 6), nn.LayerNorm(5)), "does not fit"),
    (lambda: to_logits(torch.zeros(1, 2, 6), nn.Linear(6, 2)), "are read out"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_bad_input_is_named(call, message):
    with pytest.raises(StudyError, match=message):
        call()
