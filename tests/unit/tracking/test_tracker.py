"""The tracker of any network: the numbers of a plain slow reference, and no trace in the training."""

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from torch import nn
from torch.nn.functional import relu

import repdyn
from helpers.project import ROOT
from repdyn.errors import StudyError
from repdyn.seeds import derive
from repdyn.tracking.tracker import STATISTICS
from repdyn.training.measurements import MEASURES


class Residual(nn.Module):
    """Sums and nonlinearities in place."""

    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(channels)
        self.after = nn.ReLU(inplace=True)

    def forward(self, x):
        y = self.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        y += x
        return self.after(y)


class Encoder(nn.Module):
    def __init__(self, batch_first=True):
        super().__init__()
        self.words, self.positions = nn.Embedding(30, 16), nn.Embedding(7, 16)
        layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=batch_first)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=batch_first)
        self.read = nn.Linear(16, 3)
        self.batch_first = batch_first

    def forward(self, tokens):
        states = self.words(tokens) + self.positions(torch.arange(7))
        states = states if self.batch_first else states.transpose(0, 1)
        states = self.encoder(states, src_key_padding_mask=tokens == 0)
        return self.read(states.mean(1 if self.batch_first else 0))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(5, 9, 2, batch_first=True)
        self.read = nn.Linear(9, 2)

    def forward(self, x):
        return self.read(self.gru(x)[0][:, -1])


def perceptron():
    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 3))


def texts(n=20):
    tokens = torch.randint(1, 30, (n, 7), generator=torch.Generator().manual_seed(1))
    tokens[: n // 4, 5:] = 0
    return tokens


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def plain(matrix: torch.Tensor) -> dict[str, float]:
    """Every metric by its definition, from a singular value decomposition in double precision."""
    found = {}
    rows = matrix.detach().double().numpy()
    for suffix, x in (("", rows - rows.mean(0)), ("_uncentred", rows)):
        s = np.linalg.svd(x, compute_uv=False)
        share = s**2 / (s**2).sum()
        found |= {
            f"stable_rank{suffix}": 1 / share.max(),
            f"participation_ratio{suffix}": 1 / (share**2).sum(),
            f"effective_rank{suffix}": np.exp(-(share[share > 0] * np.log(share[share > 0])).sum()),
            f"rank_90{suffix}": (np.cumsum(share) < 0.9 - 1e-12).sum() + 1.0,
            f"nuclear_norm_ratio{suffix}": s.sum() / s[0],
        }
    return found


def assert_measured(tracker, expected: dict[str, torch.Tensor], step=0):
    table = tracker.trajectory.query("step == @step").set_index("layer")
    assert table.index.tolist() == list(expected) == tracker.layers
    assert table["depth"].tolist() == list(range(len(expected)))
    for layer, matrix in expected.items():
        for name, value in plain(matrix).items():
            # A near-constant layer loses digits in the single precision of the network.
            assert table.loc[layer, name] == pytest.approx(value, rel=2e-3), (layer, name)


def test_a_sequential_is_measured_after_its_nonlinearities():
    model, probe = perceptron(), torch.randn(40, 5)
    tracker = repdyn.Tracker(model, probe)
    tracker.measure(0)
    hidden = relu(model[0](probe))
    deeper = torch.tanh(model[3](hidden))
    assert_measured(tracker, {"1": hidden, "4": deeper, "5": model[5](deeper)})
    assert tracker.roles == {"1": "hidden", "4": "hidden", "5": "output"}
    assert tracker.trajectory.columns.tolist() == ["step", "layer", "depth", *MEASURES]


def test_a_residual_network_with_sums_in_place():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        Residual(4),
        Residual(4),
        nn.Flatten(),
        nn.Linear(144, 3),
    )
    model(torch.randn(64, 1, 8, 8))  # running means that are not those of the probe
    probe = torch.randn(50, 1, 8, 8)
    tracker = repdyn.Tracker(model, probe)
    tracker.measure(0)
    model.eval()
    expected, state = {}, relu(model[1](model[0](probe)))
    expected["2"] = state
    for number in ("3", "4"):
        block = model[int(number)]
        inner = relu(block.norm1(block.conv1(state)))
        convolved = block.conv2(inner)
        state = relu(block.norm2(convolved) + state)
        expected |= {f"{number}.relu": inner, f"{number}.conv2": convolved, number: state}
    logits = model[6](state.flatten(1))
    assert_measured(tracker, {name: value.mean((2, 3)) for name, value in expected.items()} | {"6": logits})
    assert tracker.roles["3"] == "block" and tracker.roles["6"] == "output"


@pytest.mark.parametrize("batch_first", [True, False])
def test_a_transformer_of_torch_with_padding(batch_first):
    model, tokens = Encoder(batch_first), texts()
    tracker = repdyn.Tracker(model, tokens, valid=tokens != 0)
    tracker.measure(0)
    model.eval()
    valid = tokens != 0
    expected = {"words": model.words(tokens)}
    state = expected["words"] + model.positions(torch.arange(7))
    for number, layer in enumerate(model.encoder.layers):
        attention = layer.self_attn
        parts = nn.functional.linear(state, attention.in_proj_weight, attention.in_proj_bias).chunk(3, -1)
        q, k, v = (part.view(20, 7, 4, 4).transpose(1, 2) for part in parts)
        scores = (q @ k.transpose(-1, -2) / 2).masked_fill(~valid[:, None, None], -torch.inf).softmax(-1)
        attended = attention.out_proj((scores @ v).transpose(1, 2).reshape(20, 7, 16))
        middle = layer.norm1(state + attended)
        inner = layer.linear1(middle)
        outer = layer.linear2(relu(inner))
        state = layer.norm2(middle + outer)
        path = f"encoder.layers.{number}"
        expected |= {f"{path}.self_attn": attended, f"{path}.linear1": inner, f"{path}.linear2": outer, path: state}
    expected = {name: value[valid] for name, value in expected.items()}
    assert_measured(tracker, expected | {"read": model.read(state.mean(1))})
    kinds = ["embedding", *["attention", "feedforward", "feedforward", "block"] * 2, "output"]
    assert list(tracker.roles.values()) == kinds


def test_a_recurrent_network():
    model, probe = Recurrent(), torch.randn(30, 6, 5)
    tracker = repdyn.Tracker(model, probe)
    tracker.measure(0)
    states, _ = model.gru(probe)
    assert_measured(tracker, {"gru": states.flatten(0, 1), "read": model.read(states[:, -1])})


def test_rows_of_long_sequences_are_the_study_s_subset():
    model, probe = Recurrent(), torch.randn(30, 6, 5)
    tracker = repdyn.Tracker(model, probe, token_limit=50)
    rows = np.sort(np.random.default_rng(derive("token rows")).choice(180, 50, replace=False))
    states = model.gru(probe)[0].flatten(0, 1)
    torch.testing.assert_close(tracker.representations()["gru"], states[rows])


def train(model, data, steps, tracker_of=None, every=2):
    torch.manual_seed(3)
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    tracker = tracker_of and tracker_of(model)
    for step in range(steps):
        optimizer.zero_grad()
        loss = model(data).square().sum()
        loss.backward()
        if tracker and step % every == 0:
            tracker.measure(step, loss.item())
        optimizer.step()
    return tracker, [p.detach().clone() for p in (*model.parameters(), *model.buffers())]


def test_training_is_the_same_with_and_without():
    data = torch.randn(16, 5)

    def network():
        torch.manual_seed(5)
        return nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))

    model, probe = network(), torch.randn(30, 5)
    model[1].eval()
    tracker, tracked = train(model, data, 9, lambda each: repdyn.Tracker(each, probe))
    assert model.training and model[0].training and not model[1].training
    other = network()
    other[1].eval()
    _, untracked = train(other, data, 9)
    assert all(torch.equal(a, b) and a.isfinite().all() for a, b in zip(tracked, untracked, strict=True))
    assert not torch.equal(tracked[0], network()[0].weight)
    assert tracker.trajectory["step"].drop_duplicates().tolist() == [0, 2, 4, 6, 8]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert torch.backends.mha.get_fastpath_enabled()


def test_a_planted_jump_is_found_and_a_still_network_has_none():
    """A layer whose outputs fall onto a line, and come back after a while: two jumps, at the planted steps."""
    model = nn.Sequential(nn.Linear(6, 6), nn.Identity(), nn.Linear(6, 2))
    probe = torch.randn(60, 6)
    tracker = repdyn.Tracker(model, probe)
    weights = model[0].weight.detach().clone()
    rng = np.random.default_rng(0)
    for step in range(0, 1000, 5):
        flat = 300 <= step < 700
        with torch.no_grad():
            model[0].weight.copy_(weights * torch.tensor([1.0] + [0.2 if flat else 1.0] * 5)[:, None])
            model[0].weight.add_(torch.from_numpy(0.003 * rng.standard_normal((6, 6))).float())
        tracker.measure(step, 1.0 / (step + 1))
    found = tracker.statistics(total_steps=1000)
    jumps = found.jumps[found.jumps["layer"] == "0"]
    assert jumps["step"].tolist() == [300, 700] and jumps["direction"].tolist() == ["decrease", "increase"]
    assert not (found.jumps["layer"] == "2").all() and found.summary["layers"] == 2
    assert set(found.convergence.columns) >= {"settled_step", "stabilised_step"} and len(found.critical)
    still = repdyn.Tracker(nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 2)), probe)
    for step in range(60):
        still.measure(step)
    quiet = still.statistics().summary
    assert quiet["jumps"] == 0 and quiet["layers_evaluable"] == 0


def test_its_statistics_are_those_of_the_study():
    configured = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))["phase1"]
    assert STATISTICS._asdict() == {name: configured[name] for name in STATISTICS._fields}


def test_it_draws_its_layers():
    model = perceptron()
    tracker = repdyn.Tracker(model, torch.randn(30, 5))
    for step in (0, 5, 10):
        tracker.measure(step)
    axes = tracker.plot("stable_rank").axes[0]
    assert [line.get_label() for line in axes.lines] == ["1", "4", "5"]
    assert axes.get_ylabel() == "stable rank"
    expected = tracker.trajectory.query("layer == '4'")["stable_rank"]
    np.testing.assert_array_equal(axes.lines[1].get_ydata(), expected)


class Forked(nn.Module):
    """Its trunk returns a dictionary, its heads a tuple."""

    class Trunk(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(5, 8)

        def forward(self, x):
            return {"state": self.inner(x), "size": 8}

    class Heads(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(8, 2), nn.Linear(8, 3)

        def forward(self, x):
            return self.a(x), self.b(x)

    def __init__(self):
        super().__init__()
        self.trunk, self.heads = self.Trunk(), self.Heads()

    def forward(self, x, scale=1.0):
        return self.heads(scale * self.trunk(x)["state"])


def test_outputs_that_are_no_tensors_are_chosen_by_name():
    model, probe = Forked(), torch.randn(25, 5)
    tracker = repdyn.Tracker(model, probe, layers=["trunk:state", "heads:1", "heads:0"])
    tracker.measure(0)
    state = model.trunk.inner(probe)
    assert_measured(tracker, {"trunk:state": state, "heads:1": model.heads.b(state), "heads:0": model.heads.a(state)})
    with pytest.raises(
        StudyError, match="'trunk' is a dictionary, not a tensor; name the entry to track: 'trunk:state'"
    ):
        repdyn.Tracker(model, probe, layers=["trunk"])
    with pytest.raises(StudyError, match="'heads' is a tuple.*'heads:0', 'heads:1'"):
        repdyn.Tracker(model, probe, layers=["heads"])
    with pytest.raises(StudyError, match="'trunk:state'"):
        repdyn.Tracker(model, probe, layers=["trunk:nothing"])
    with pytest.raises(StudyError, match="is a tensor without entries"):
        repdyn.Tracker(model, probe, layers=["trunk.inner:0"])
    assert repdyn.Tracker(model, probe).layers == ["trunk.inner", "heads.a", "heads.b"]


def test_probes_of_every_kind_give_the_same():
    model, probe = Forked(), torch.randn(25, 5)
    tables = []
    for each in (probe, (probe,), [probe], {"x": probe}, lambda: probe, lambda: {"x": probe}):
        tracker = repdyn.Tracker(model, each)
        tracker.measure(0)
        tables.append(tracker.trajectory)
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0])
    tracker = repdyn.Tracker(model, (probe, torch.full((25, 1), 2.0)), layers=["heads.a"])
    torch.testing.assert_close(tracker.representations()["heads.a"], model.heads.a(2 * model.trunk.inner(probe)))


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.step, self.relu = nn.Linear(4, 4), nn.ReLU()
        self.once = nn.Linear(4, 4)

    def forward(self, x):
        for _ in range(2):
            x = self.relu(self.step(x))
        return self.relu(self.once(x))


def test_a_module_that_runs_twice_is_no_layer():
    model, probe = Shared(), torch.randn(10, 4)
    assert repdyn.Tracker(model, probe).layers == ["once"]
    with pytest.raises(StudyError, match="'step' runs 2 times in a forward pass"):
        repdyn.Tracker(model, probe, layers=["step"])


def test_our_own_networks_declare_their_layers():
    from helpers.tiny_networks import NETWORKS, SHAPE, data

    for network in NETWORKS.values():
        model = repdyn.models.build(network, **SHAPE)
        tracker = repdyn.Tracker(model, data()[0])
        assert tracker.layers == model.tracked and tracker.roles == model.roles


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: repdyn.Tracker(nn.Sequential(nn.Flatten(), nn.ReLU()), torch.randn(9, 4)), "has no layers to track"),
        (lambda: repdyn.Tracker(nn.Linear(4, 2), torch.randn(9, 4)), "has no layers to track"),
        (
            lambda: repdyn.Tracker(perceptron(), torch.randn(9, 4)),
            r"Sequential could not read the probe \(a tensor \(9, 4\)\)",
        ),
        (lambda: repdyn.Tracker(perceptron(), torch.randn(1, 5)), "two examples or more"),
        (lambda: repdyn.Tracker(perceptron(), [[1.0]]), "The probe is a tuple of an object of type list; it must"),
        (lambda: repdyn.Tracker(perceptron(), np.ones((4, 5))), "The probe is an object of type ndarray"),
        (lambda: repdyn.Tracker(perceptron(), lambda: None), "The probe is an object of type NoneType"),
        (
            lambda: repdyn.Tracker(perceptron(), lambda: 1 / 0),
            r"the probe: ZeroDivisionError: .*\(line \d+ of test_tracker.py\)",
        ),
        (
            lambda: repdyn.Tracker(perceptron().to("meta"), torch.randn(9, 5)),
            r"on cpu and the model on meta; .*to\('meta'\)",
        ),
        (lambda: repdyn.Tracker(perceptron(), torch.randn(9, 5), layers=["nine"]), "no module 'nine'; it has 0, 1, 2"),
        (lambda: repdyn.Tracker(perceptron(), torch.randn(9, 5), layers=[]), "names nothing to track"),
        (
            lambda: repdyn.Tracker(perceptron(), torch.randn(9, 5), layers="0"),
            r"layers is a list of names, such as \['0'\]",
        ),
        (
            lambda: repdyn.Tracker(Recurrent(), torch.randn(9, 6, 5), valid=torch.ones(9, 4)).measure(0),
            r"valid is \(9, 4\)",
        ),
    ],
)
def test_bad_input_is_refused_with_what_would_do(make, message):
    with pytest.raises(StudyError, match=message):
        make()


def test_measurements_in_the_wrong_order_or_missing_are_refused():
    tracker = repdyn.Tracker(perceptron(), torch.randn(9, 5))
    for use in (tracker.plot, tracker.statistics):
        with pytest.raises(StudyError, match="Nothing was measured yet"):
            use()
    tracker.measure(5)
    for step in (5, 4):
        with pytest.raises(StudyError, match=f"Step {step} does not come after step 5"):
            tracker.measure(step)
    with pytest.raises(StudyError, match="'rank' is not measured; metrics are stable_rank"):
        tracker.plot("rank")
