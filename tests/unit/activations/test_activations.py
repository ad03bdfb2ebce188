"""What networks do that hooks alone miss: work in place, call a module twice, have a forward of their own, time first."""

import gc

import numpy as np
import pytest
import torch
from torch import nn

from helpers import stranger_models as strangers
from repdyn.activations.addresses import Address, Answering
from repdyn.activations.answers import answer
from repdyn.activations.axes import unit_axis
from repdyn.activations.hooks import recorded, replaced
from repdyn.activations.resume import resumed
from repdyn.attribution.case import case_of
from repdyn.attribution.lrp import alpha_beta_rule, relevance, unfit
from repdyn.attribution.randomisation import reinitialised
from repdyn.errors import StudyError
from repdyn.interventions.ablation import effects, judged
from repdyn.interventions.surgery import outputs_under, unit_values
from repdyn.measures.subject import Subject


class PreActivation(nn.Module):
    """Its first ReLU changes what it is given, and what it was given is used again."""

    def __init__(self):
        super().__init__()
        self.first, self.relu, self.second, self.same = (
            nn.Linear(4, 4),
            nn.ReLU(inplace=True),
            nn.Linear(4, 4),
            nn.Identity(),
        )
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        h = self.first(x)
        alias = self.same(h)
        self.relu(h)
        out = self.second(h)
        out += h
        alias += 1
        return self.head(out * alias)


PLACES = {
    "resnet": (strangers.ResNet, strangers.normal(5, 1, 8, 8), [
        "conv1", "bn1", "relu", "layer1.0", Address("layer1.0.relu", 0), Address("layer1.0.relu", 1), "layer1.0.bn2",
        "layer1.1.conv1", Address("layer1.1.relu", 1), "layer2.0.downsample", "layer2.2", "fc"]),
    "pre-activation": (PreActivation, strangers.normal(5, 4), ["first", "same", "relu", "second", "head"]),
    "encoder": (strangers.Encoder, strangers.tokens(5, 6), [
        "embed", "encoder.layers.0", "encoder.layers.0.linear1", Address("encoder.layers.1.self_attn", output=0),
        "encoder.layers.0.self_attn.heads", "encoder.layers.1.self_attn.probabilities", "encoder"]),
    "time first": (lambda: strangers.Encoder(8, True), strangers.tokens(5, 6), [
        Address("embed", examples=0), "encoder.layers.0", "encoder.layers.0.linear1", "encoder.layers.0.self_attn.heads"]),
    "by hand": (strangers.HandWritten, strangers.normal(5, 6, 4), ["project", "mix", "act", "head"]),
    "lstm": (lambda: strangers.Recurrent(nn.LSTM), strangers.normal(5, 6, 4), [
        Address("rnn", output=0), Address("rnn", output=(1, 0)), Address("rnn", output=(1, 1))]),
    "tagger": (strangers.Tagger, strangers.tokens(5, 6), ["embed", Address("rnn", output=0)]),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_running_on_is_a_whole_pass_with_a_hook_whatever_works_in_place(name):
    kind, x, places = PLACES[name]
    model = strangers.made(kind).eval()
    with torch.inference_mode():
        original = model(x)
        for place in places:
            with recorded(model, [place]) as outputs:
                model(x)
            shift = torch.randn(outputs[place].shape, generator=torch.Generator().manual_seed(4))
            with replaced(model, {place: lambda h, shift=shift: h + shift}):
                expected = model(x)
            with resumed(model, place, x) as (h, run):
                assert torch.equal(h, outputs[place])
                again = [run(h + shift), run(h), run(h + shift)]
            assert torch.equal(again[0], expected) and torch.equal(again[2], expected), place
            if place != "same":  # once replaced, it is no longer the tensor that it was given
                torch.testing.assert_close(again[1], original)


def test_what_is_recorded_is_what_the_module_put_out_not_what_became_of_it():
    model, x = strangers.made(strangers.ResNet).eval(), strangers.normal(5, 1, 8, 8)
    with torch.no_grad(), recorded(model, ["bn1", "layer1.0.bn2"]) as outputs:
        model(x)
    with torch.no_grad():
        bn1 = model.bn1(model.conv1(x))
        block = model.layer1[0]
        bn2 = block.bn2(block.conv2(block.bn1(block.conv1(bn1.relu())).relu()))
    assert (outputs["bn1"] < 0).any() and torch.equal(outputs["bn1"], bn1) and torch.equal(outputs["layer1.0.bn2"], bn2)
    with recorded(model, ["bn1"]) as outputs:  # gradients flow through what was there before the sum and the ReLU
        total = model(x).sum()
    assert torch.autograd.grad(total, outputs["bn1"])[0].abs().sum() > 0


def test_no_unit_lost_costs_nothing_in_a_residual_network():
    model, x = strangers.made(strangers.ResNet).eval(), strangers.normal(5, 1, 8, 8)
    for place in ("bn1", "layer1.0", "layer1.0.bn2", "layer1.1"):
        assert effects(model, x, np.arange(5) % 3, Address(place, units=1), [[]], 0.0).loss == pytest.approx(
            0, abs=1e-6
        )


def test_a_forward_of_ones_own_is_there_afterwards_even_after_an_error():
    model, x = strangers.made(strangers.ResNet).eval(), strangers.normal(2, 1, 8, 8)
    original = model.layer1[0].forward
    model.layer1[0].forward = mine = lambda x: 2 * original(x)
    with torch.no_grad():
        doubled = model(x)
        with resumed(model, "layer1.1", x) as (h, run):
            assert torch.equal(run(h), doubled)
        with pytest.raises(ZeroDivisionError), resumed(model, "layer1.1", x):
            raise ZeroDivisionError
        with pytest.raises(StudyError), resumed(model, "layer1.1", x) as (h, run):
            run(h[:1])
    assert model.layer1[0].forward is mine and "forward" not in vars(model.layer1[1])


def test_the_fast_path_is_off_inside_and_only_inside():
    enabled = torch.backends.mha.get_fastpath_enabled
    model, x = strangers.made(strangers.Encoder).eval(), strangers.tokens(4, 6)
    with torch.no_grad(), recorded(model, ["encoder.layers.1.linear2"]) as outputs:
        assert not enabled()
        model(x)
        assert outputs["encoder.layers.1.linear2"].shape == (4, 6, 8)
    assert enabled()
    with pytest.raises(ZeroDivisionError), replaced(model, {"encoder": lambda h: h / (1 // 0)}):
        model(x)
    assert enabled() and "heads" not in model.encoder.layers[0].self_attn._modules
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with recorded(model, []):
            pass
        assert not enabled()
    finally:
        torch.backends.mha.set_fastpath_enabled(True)


def test_a_module_called_twice_is_addressed_by_call_or_refused():
    model, x = strangers.made(strangers.ResNet).eval(), strangers.normal(2, 1, 8, 8)
    with torch.no_grad():
        with recorded(model, [("layer1.0.relu", 0), ("layer1.0.relu", 1), "layer1.0"]) as outputs:
            model(x)
        assert torch.equal(outputs["layer1.0.relu", 1], outputs["layer1.0"])
        assert not torch.equal(outputs["layer1.0.relu", 0], outputs["layer1.0"])
        twice = r"called more than once in a forward pass; say which call: Address\('layer1.0.relu', 0\)"
        for context in (recorded(model, ["layer1.0.relu"]), replaced(model, {"layer1.0.relu": torch.zeros_like})):
            with pytest.raises(StudyError, match=twice), context:
                model(x)
        with pytest.raises(StudyError, match="it was called 2 times"), resumed(model, "layer1.0.relu", x):
            pass
        with (
            pytest.raises(StudyError, match="call 2 of layer1.0.relu was not called"),
            replaced(model, {("layer1.0.relu", 2): torch.zeros_like}),
        ):
            model(x)
        with pytest.raises(StudyError, match="there is no call 2"), resumed(model, ("layer1.0.relu", 2), x):
            pass
        # torch's attention uses the weights of out_proj without calling it.
        encoder = strangers.made(strangers.Encoder).eval()
        with (
            pytest.raises(StudyError, match="was not called"),
            recorded(encoder, ["encoder.layers.0.self_attn.out_proj"]) as o,
        ):
            encoder(strangers.tokens(2, 6))
            o["encoder.layers.0.self_attn.out_proj"]


def test_the_units_are_asked_for_where_nothing_tells_and_known_where_something_does():
    model = nn.Sequential(nn.Conv1d(4, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(20, 3))
    x = strangers.normal(3, 4, 6)
    assert unit_axis(model, Address("0"), model[0](x)) == unit_axis(model, Address("1"), model[0](x)) == 1
    found = effects(model, x, np.arange(3), "1", [[4]], 0.0)
    by_hand = model[1](model[0](x)).detach()
    by_hand[:, 4] = 0
    expected, before = (judged(y.detach().double().numpy(), np.arange(3))[0] for y in (model[2:](by_hand), model(x)))
    assert found.loss[0] == pytest.approx(expected - before, abs=1e-6)
    hand, states = strangers.made(strangers.HandWritten), strangers.normal(3, 6, 4)
    with pytest.raises(StudyError, match="nothing tells which axis holds its units"):
        effects(hand, states, np.arange(3), "act", [[0]], 0.0)
    assert effects(hand, states, np.arange(3), Address("act", units=-1), [[7]], 0.0).loss.shape == (1, 3)
    with pytest.raises(StudyError, match="from 1 to 2, not 3"):
        effects(hand, states, np.arange(3), Address("act", units=3), [[7]], 0.0)


def test_time_is_not_taken_for_examples():
    model, x = strangers.made(strangers.Encoder, 8, True).eval(), strangers.tokens(5, 6)
    assert unit_values(model, x, "encoder.layers.0").shape == (5, 6, 8)
    with pytest.raises(StudyError, match="batch_first=False, so the examples of embed may be"):
        unit_values(model, x, "embed")

    class Loose(nn.Module):
        """Inputs with time first."""

        def __init__(self):
            super().__init__()
            self.rnn, self.head = nn.GRU(4, 6), nn.Linear(6, 3)

        def forward(self, x):
            return self.head(self.rnn(x)[0][-1])

    with pytest.raises(StudyError, match=r"puts out \(5, 3\) for 7 examples: the first axis"):
        unit_values(strangers.made(Loose), strangers.normal(7, 5, 4), Address("rnn", output=0))


def test_outputs_that_are_no_tensor_are_chosen_from_or_named():
    model, x = strangers.made(strangers.Named).eval(), strangers.normal(4, 5)
    with pytest.raises(StudyError, match=r"Named returns a dict of 'logits', 'hidden'; say which part is its answer"):
        unit_values(model, x, "body.linear")
    answering = Answering(model, "logits")
    with pytest.raises(StudyError, match=r"the output of body is a dict of 'raw', 'active'; say which"):
        unit_values(answering, x, "body")
    with pytest.raises(StudyError, match="has no part 'acitve'; it is a dict of 'raw', 'active'"):
        unit_values(answering, x, Address("body", output="acitve"))
    assert unit_values(answering, x, Address("body", output="active")).min() == 0

    class Classed(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(5, 3)

        def forward(self, x):
            return strangers.Answers(self.linear(x), x)

    classed = strangers.made(Classed)
    with torch.no_grad():
        plain = classed.linear(x)
        with replaced(Answering(classed, "logits"), {"linear": lambda y: y + 1}) as _:
            changed = answer(Answering(classed, "logits"), x)
        assert not torch.equal(changed, plain)
    rnn = strangers.made(strangers.Recurrent)
    with pytest.raises(StudyError, match=r"the output of rnn is a tuple of 0, 1; say which"):
        unit_values(rnn, strangers.normal(3, 6, 4), "rnn")


def test_several_inputs_by_place_and_by_name_are_the_same():
    model = strangers.made(strangers.Two)
    left, right = strangers.normal(7, 5), strangers.normal(7, 3)
    by_place, by_name = (
        effects(model, x, np.arange(7) % 3, "relu", [[0], [1, 2]], 0.0, chunk=3).loss
        for x in ((left, right), {"right": right, "left": left})
    )
    assert np.array_equal(by_place, by_name) and np.abs(by_place).max() > 1e-3
    with pytest.raises(StudyError, match=r"same number of examples, found \[6, 7\]"):
        effects(model, (left, right[:6]), np.arange(7) % 3, "relu", [[0]], 0.0)


def test_a_class_for_every_position_counts_where_it_is_not_ignored():
    model, x = strangers.made(strangers.Tagger).double().eval(), strangers.tokens(6, 5)
    labels = np.where(x == 0, -100, x.numpy() % 3)
    found = effects(model, x, labels, Address("rnn", output=0), [[2]], 0.0, chunk=4)
    with torch.no_grad():
        h = model.rnn(model.embed(x))[0]
        logits = [model.head(h), model.head(h.index_fill(2, torch.tensor([2]), 0.0))]
    rise = []
    for i in range(6):
        kept = np.flatnonzero(labels[i] >= 0)
        before, after = (-each[i].log_softmax(-1)[kept, labels[i][kept]].mean().item() for each in logits)
        rise.append(after - before)
    assert found.loss[0] == pytest.approx(rise)
    with pytest.raises(StudyError, match="no position that counts"):
        effects(model, x, np.full((6, 5), -100), Address("rnn", output=0), [[2]], 0.0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_other_precisions_are_taken_as_they_are(dtype):
    model, x = (
        strangers.made(strangers.Two).to(dtype),
        (strangers.normal(6, 5).to(dtype), strangers.normal(6, 3).to(dtype)),
    )
    labels = np.arange(6) % 3
    found = effects(model, x, labels, "relu", [[0]], 0.3)
    with torch.no_grad():
        h = torch.relu(model.left(x[0]) * model.right(x[1]))
        after = model.head(h.index_fill(1, torch.tensor([0]), 0.3))
        logits = [model.head(h).double().numpy(), after.double().numpy()]
    expected = judged(logits[1], labels)[0] - judged(logits[0], labels)[0]
    assert found.loss[0] == pytest.approx(expected, abs=1e-12 if dtype == torch.float64 else 1e-2)


def test_labels_and_inputs_that_mean_nothing_are_refused():
    model, x = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)), strangers.normal(6, 4)
    with pytest.raises(StudyError, match="3 classes cannot be judged by label -1"):
        effects(model, x, np.array([0, 1, 2, -1, 0, 1]), "1", [[0]], 0.0)
    with pytest.raises(StudyError, match="2 of 6 inputs hold NaN"):
        effects(model, x.index_fill(0, torch.tensor([1, 4]), torch.nan), np.arange(6) % 3, "1", [[0]], 0.0)
    with pytest.raises(StudyError, match="have no two classes; of one number z per example, give"):
        effects(nn.Sequential(model, nn.Linear(3, 1)), x, np.zeros(6, dtype=int), "0.1", [[0]], 0.0)
    with pytest.raises(StudyError, match=r"as many labels in 0..2"):
        Subject(model, {0: model.state_dict()}, x, torch.tensor([0, 1, 2, 3, 0, 1]), 3, layers=["1", "2"])
    with pytest.raises(StudyError, match="does not declare its layers"):
        Subject(model, {0: model.state_dict()}, x, torch.zeros(6, dtype=torch.int64), 3)


def test_attention_is_drawn_anew_as_a_whole_and_has_no_rule_of_relevance():
    model = strangers.made(strangers.Encoder)
    drawn = reinitialised(model, ["encoder.layers.0"], 5)
    ours, old = drawn.encoder.layers[0].self_attn, model.encoder.layers[0].self_attn
    assert not torch.equal(ours.in_proj_weight, old.in_proj_weight)
    assert torch.equal(
        drawn.encoder.layers[1].self_attn.in_proj_weight, model.encoder.layers[1].self_attn.in_proj_weight
    )
    with torch.random.fork_rng():
        bounds = [nn.MultiheadAttention(8, 2).in_proj_weight.abs().max() for _ in range(20)]
    assert ours.in_proj_weight.abs().max() <= max(bounds) * 1.1
    with pytest.raises(StudyError, match="holds qkv, which no layer draws"):
        reinitialised(nn.Sequential(strangers.made(strangers.HandWritten)), ["0"], 5)
    attention = nn.MultiheadAttention(8, 2)
    assert "MultiheadAttention" in unfit(nn.Sequential(nn.Linear(8, 8), attention))

    class Product(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.other = nn.Linear(4, 3), nn.Linear(4, 3)

        def forward(self, x):
            return self.one(x) * self.other(x)

    assert unfit(Product()) == []
    with pytest.raises(StudyError, match="no rule for a forward function of Product"):
        relevance(Product(), strangers.normal(3, 4), torch.tensor([0, 1, 2]), alpha_beta_rule())


def test_words_have_the_embedding_that_is_named():
    model, x = strangers.made(strangers.Encoder), strangers.tokens(4, 6)
    found = case_of(model, x, torch.tensor([0, 1, 2, 0]), x, None, "embed")
    assert found.x.shape == (4, 6, 8) and torch.equal(found.x, model.embed(x).detach())
    with pytest.raises(StudyError, match="has 2 embeddings, embed, place"):
        case_of(model, x, torch.tensor([0, 1, 2, 0]), x, None)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")
def test_on_a_gpu_everything_is_as_on_the_cpu():
    from test_any_model import CHECKS, MODELS, REFUSED

    for name in MODELS:
        case = MODELS[name]()
        labels = np.arange(6) % 3
        here = effects(case.model, case.inputs, labels, case.where, [[1]], 0.0, chunk=4).loss
        there = tuple(x.cuda() for x in case.inputs) if isinstance(case.inputs, tuple) else case.inputs.cuda()
        found = effects(case.model.cuda(), there, labels, case.where, [[1]], 0.0, chunk=4).loss
        assert found == pytest.approx(here, abs=1e-8), (name, len(CHECKS), len(REFUSED))


def test_what_is_kept_of_an_output_may_hold_arrays():
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    with torch.no_grad(), recorded(model, ["1"], lambda _, output: (output.numpy().sum(0), len(output))) as outputs:
        model(torch.ones(4, 3))
    sums, rows = outputs["1"]
    assert sums.shape == (2,) and rows == 4


def test_nothing_is_kept_by_what_refers_to_itself():
    """Garbage in circles is collected by number of objects, not by size: large tensors in it piled up to gigabytes."""
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)).eval()
    gc.collect()
    gc.disable()
    try:
        gc.set_debug(gc.DEBUG_SAVEALL)
        outputs_under(model, torch.randn(8, 4), "1", [lambda output, rows: output * 0], 4)
        gc.collect()
        assert not [each for each in gc.garbage if isinstance(each, torch.Tensor)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
