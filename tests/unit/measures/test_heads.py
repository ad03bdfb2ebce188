"""Head ablation against a full forward pass, and against hand-made networks whose effects are known."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from repdyn.errors import StudyError
from repdyn.measures import heads
from repdyn.measures.heads import ablated_logits, head_contributions, losses, position_means
from repdyn.measures.subject import Subject
from repdyn.models.transformer import Transformer
from repdyn.training.tracker import captured

LENGTHS = torch.tensor([6, 4, 3, 6, 1, 5, 2, 4, 3])
LABELS = torch.arange(9) % 3


def network(kind):
    """A random transformer of two blocks and three heads in training mode, and 9 inputs."""
    torch.manual_seed(0)
    options = {"width": 12, "heads": 3, "layers": 2, "classes": 3}
    if kind == "image":
        return Transformer(**options, size=8), torch.randn(9, 1, 8, 8)
    inputs = torch.randint(1, 9, (9, 6)) * (torch.arange(6) < LENGTHS[:, None])
    return Transformer(**options, vocabulary=9, length=6), inputs


@contextmanager
def replaced(module, head, value):
    """The output of one head replaced inside a forward pass."""

    def hook(_module, _inputs, output):
        output = output.clone()
        output[:, :, head] = value
        return output

    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def hook_count(model):
    return sum(len(module._forward_hooks) for module in model.modules())


@pytest.mark.parametrize("kind", ["text", "image"])
def test_contributions_of_heads_and_the_bias_are_the_attention_output(kind):
    model, inputs = network(kind)
    torch.nn.init.normal_(model.blocks[1].attention.out_proj.bias)
    names = ["blocks.1.attention.heads", "blocks.1.attention"]
    with torch.inference_mode(), captured(model.eval(), names) as outputs:
        model(inputs)
        each = head_contributions(model.blocks[1].attention, outputs[names[0]][0])
    assert each.shape == (3, *outputs[names[1]][0].shape)
    together = each.sum(0) + model.blocks[1].attention.out_proj.bias
    assert together.detach().numpy() == pytest.approx(outputs[names[1]][0].numpy(), abs=1e-5)


@pytest.mark.parametrize("kind", ["text", "image"])
def test_position_means_leave_padding_out(kind):
    model, inputs = network(kind)
    with torch.inference_mode(), captured(model.eval(), ["blocks.1.attention.heads"]) as outputs:
        model(inputs)
    seen = outputs["blocks.1.attention.heads"][0]
    means = position_means(model, list(inputs.split(4)))
    assert means.shape == (2, *seen.shape[1:])
    for position in range(seen.shape[1]):
        there = position < LENGTHS if kind == "text" else torch.ones(9, dtype=torch.bool)
        assert means[1, position].numpy() == pytest.approx(seen[there, position].mean(0).numpy(), abs=1e-6)


def test_position_means_are_zero_where_all_is_padding():
    model, inputs = network("text")
    inputs[:, 4:] = 0
    means = position_means(model, [inputs])
    assert means.isfinite().all()
    assert (means[:, 4:] == 0).all()


@pytest.mark.parametrize("kind", ["text", "image"])
@pytest.mark.parametrize("ablation", ["mean", "zero"])
def test_the_shortcut_equals_a_full_forward_pass(kind, ablation):
    model, inputs = network(kind)
    chunks = list(inputs.split(4))
    means = position_means(model, chunks)
    values = means if ablation == "mean" else torch.zeros_like(means)
    intact, ablated = ablated_logits(model, chunks, values)
    assert model.training
    assert all(module.training for module in model.modules())
    assert ablated.shape == (2, 3, 9, 3)
    model.eval()
    with torch.inference_mode():
        assert intact.numpy() == pytest.approx(model(inputs).numpy(), abs=1e-6)
        for i, block in enumerate(model.blocks):
            for h in range(3):
                with replaced(block.attention.heads, h, values[i, :, h]):
                    whole = model(inputs)
                assert ablated[i, h].numpy() == pytest.approx(whole.numpy(), abs=1e-6)
                assert (whole - intact).abs().max() > 1e-3


def test_losses_are_the_cross_entropy():
    logits = torch.randn(2, 4, 9, 3, generator=torch.Generator().manual_seed(0))
    found = losses(logits, LABELS)
    assert found.shape == (2, 4, 9)
    expected = cross_entropy(logits[1, 2], LABELS, reduction="none")
    assert found[1, 2] == pytest.approx(expected.numpy(), abs=1e-6)


def test_a_head_without_weights_has_no_effect_and_the_only_head_with_weights_ranks_first():
    model, inputs = network("text")
    with torch.no_grad():
        for block in model.blocks:
            block.attention.out_proj.weight[:, 4:8] = 0
        model.blocks[0].attention.out_proj.weight[:] = 0
        model.blocks[1].attention.out_proj.weight[:, :4] = 0
    intact, ablated = ablated_logits(model, [inputs], position_means(model, [inputs]))
    effects = np.abs(losses(ablated, LABELS) - losses(intact, LABELS)).mean(2)
    assert effects[0].tolist() == [0, 0, 0]
    assert effects[1, :2].tolist() == [0, 0]
    assert effects[1, 2] > 1e-3


# The margin of the read-out below.
MARGIN = 1.5


def planted(alphas):
    """A hand-made network of width 2, and a text for every alpha, of one token or of two of the same.

    Word w is (alpha, -alpha). Attention is uniform; head 0 reads the first number and writes -2 (alpha, -alpha), head 1
    reads the second and has no weights. The feed-forward layer adds nothing, LayerNorm of (a, -a) leaves the sign of a: so
    the logits are +-(MARGIN, 0), with the sign of alpha - 2 alpha, and when head 0 is ablated with that of alpha - 2 times
    what is put in place of alpha.
    """
    model = Transformer(width=2, heads=2, layers=1, classes=2, vocabulary=len(alphas) + 1, length=2)
    block = model.blocks[0]
    with torch.no_grad():
        for parameter in (model.positions, *block.attention.parameters(), *block.down.parameters(), model.output.bias):
            parameter.zero_()
        model.project.weight[1:] = torch.tensor([[alpha, -alpha] for alpha in alphas])
        block.attention.qkv.weight[4:] = torch.eye(2)
        block.attention.out_proj.weight[:, 0] = torch.tensor([-2.0, 2.0])
        model.output.weight[:] = torch.tensor([[MARGIN / 2, -MARGIN / 2], [0, 0]])
    tokens = torch.arange(1, len(alphas) + 1)
    return model, torch.stack([tokens, tokens * (tokens % 2)], 1)


def signed(sign):
    """Loss of class 0 where the logits are (sign * MARGIN, 0)."""
    return np.log1p(np.exp(-sign * MARGIN))


@pytest.mark.parametrize(
    ("alphas", "after_mean", "after_zero"),
    [
        # The mean of the head's input is 2 at both positions below, so -4 is written: 1 - 4 and 3 - 4 stay negative.
        ([1.0, 3.0], [-1, -1], [1, 1]),
        # -1 - 2 * -1 flips the one, and -3 + 2 the other.
        ([1.0, -3.0], [1, -1], [1, -1]),
        # The mean is 1: -2 in place of what was written flips 5 alone.
        ([1.0, 5.0, -3.0], [-1, 1, -1], [1, 1, -1]),
    ],
)
def test_a_planted_head_has_the_effect_computed_by_hand(alphas, after_mean, after_zero):
    model, inputs = planted(alphas)
    labels = torch.zeros(len(alphas), dtype=torch.int64)
    means = position_means(model, [inputs])
    assert means[0, 0].flatten().tolist() == pytest.approx([np.mean(alphas), -np.mean(alphas)])
    # At the second position only odd words are valid; there the mean is theirs.
    assert means[0, 1, 0, 0].item() == pytest.approx(np.mean(alphas[::2]))
    means[0, 1] = means[0, 0]
    before = np.array([signed(-np.sign(alpha)) for alpha in alphas])
    for values, after in ((means, after_mean), (torch.zeros_like(means), after_zero)):
        intact, ablated = ablated_logits(model, [inputs], values)
        assert losses(intact, labels) == pytest.approx(before, abs=1e-5)
        effect = losses(ablated, labels) - losses(intact, labels)
        assert effect[0, 0] == pytest.approx(np.array([signed(sign) for sign in after]) - before, abs=1e-5)
        assert effect[0, 1].tolist() == [0] * len(alphas)


def test_no_hook_is_left_behind():
    model, inputs = network("text")
    with pytest.raises(StudyError, match=r"replacements must be \(2, 6, 3, 4\)"):
        ablated_logits(model, [inputs], torch.zeros(2, 6, 3, 5))
    with pytest.raises(StudyError, match="replacements must be"):
        ablated_logits(model, [inputs], torch.zeros(1, 6, 3, 4))
    with pytest.raises(IndexError):
        position_means(model, [inputs, inputs + 100])
    with pytest.raises(AttributeError), captured(model, ["blocks.0", "blocks.9"]):
        pass
    with pytest.raises(ZeroDivisionError), captured(model, ["blocks.0", "blocks.1.attention.heads"]):
        raise ZeroDivisionError
    assert hook_count(model) == 0
    assert all(module.training for module in model.modules())


def test_measure():
    model, inputs = network("text")
    model.chunk = 4
    states = {
        step: {k: v + step * torch.randn_like(v) / 10 for k, v in model.state_dict().items()} for step in (0, 2, 5)
    }
    subject = Subject(model, states, inputs, LABELS, 3, grid=(0, 5))
    table = heads.measure(subject)
    assert table.null_mean.isna().all()
    assert table.null_sd.isna().all()
    counts = table.groupby(["step", "quantity"], observed=True).size()
    expected = {(step, f"head_mean_ablation{part}"): 6 for step in (0, 5) for part in ("", "_accuracy", "_se")}
    assert counts.to_dict() == {**expected, (5, "head_zero_ablation"): 6}

    means = position_means(subject.model(5), [inputs])
    here = table[(table.step == 5) & (table.layer == "blocks.1.attention")].set_index("quantity").value
    model.eval()
    with torch.inference_mode():
        before = model(inputs)
        for h in range(3):
            with replaced(model.blocks[1].attention.heads, h, means[1, :, h]):
                after = model(inputs)
            with replaced(model.blocks[1].attention.heads, h, 0):
                zeroed = model(inputs)
            change = losses(after, LABELS) - losses(before, LABELS)
            right = [(logits.argmax(1) == LABELS).double().mean().item() for logits in (after, before)]
            assert here["head_mean_ablation"].iloc[h] == pytest.approx(change.mean(), abs=1e-6)
            assert here["head_mean_ablation_se"].iloc[h] == pytest.approx(change.std(ddof=1) / 3, abs=1e-6)
            assert here["head_mean_ablation_accuracy"].iloc[h] == pytest.approx(right[0] - right[1])
            change = losses(zeroed, LABELS) - losses(before, LABELS)
            assert here["head_zero_ablation"].iloc[h] == pytest.approx(change.mean(), abs=1e-6)
