"""Training, tracking, replay and resume, to the bit."""

import numpy as np
import pandas as pd
import pytest
import torch

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.training.flags import at_chance, dead_layers, describe
from repdyn.training.loop import (
    Recipe,
    checkpoint_steps,
    get_state,
    initialise,
    make_optimizer,
    replay,
    set_state,
    standardise,
    train_steps,
)
from repdyn.training.measurements import MEASURES
from repdyn.training.tracker import Tracker, captured, evaluate, make_probe, representations

STEPS = 30


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def recipe(**changes):
    return Recipe(**{"key": ("test", 0), "steps": STEPS, "batch_size": 8, "learning_rate": 1e-2, **changes})


def start(family, plan):
    model = initialise(NETWORKS[family], plan, **SHAPE)
    return model, make_optimizer(model, plan)


def run(family, every=None, states=(), plan=None):
    """Train to the end; return the states asked for, the final state and the tables."""
    plan = plan or recipe()
    model, optimizer = start(family, plan)
    tracker = Tracker(model, make_probe(*data(seed=1), model.chunk, token_limit=100), spectrum_every=10)
    kept = {}
    for step, loss in train_steps(model, optimizer, *data(), plan):
        if step in states or step == plan.steps:
            kept[step] = get_state(model, optimizer)
        if every and step % every == 0:
            tracker.measure(step, loss)
    return kept, tracker.tables() if every else None


def assert_identical(first, second):
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


@pytest.mark.parametrize("family", NETWORKS)
def test_tracking_does_not_change_training(family):
    untracked, _ = run(family)
    tracked, _ = run(family, every=5)
    assert_identical(untracked[STEPS], tracked[STEPS])


@pytest.mark.parametrize("family", NETWORKS)
def test_the_state_of_the_random_generators_does_not_matter(family):
    first, tables = run(family, every=5)
    torch.manual_seed(123)
    np.random.seed(123)  # noqa: NPY002 (the global state is what must not matter)
    second, again = run(family, every=5)
    assert_identical(first[STEPS], second[STEPS])
    for table, other in zip(tables, again, strict=True):
        pd.testing.assert_frame_equal(table, other, check_exact=True)


@pytest.mark.parametrize("family", NETWORKS)
def test_seeds_and_names_give_different_runs(family):
    states = [run(family, plan=recipe(key=key))[0][STEPS] for key in (("test", 0), ("test", 1), ("other", 0))]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert not torch.equal(states[first]["model/output.weight"], states[second]["model/output.weight"])


@pytest.mark.parametrize("family", NETWORKS)
@pytest.mark.parametrize(("grid", "target"), [(0, 1), (0, 7), (16, 17), (16, STEPS), (7, 7)])
def test_replay_from_a_checkpoint_equals_the_run(family, grid, target):
    plan = recipe()
    states, _ = run(family, states=(grid, target))
    model, optimizer = start(family, recipe(key=("elsewhere", 9)))
    set_state(model, optimizer, states[grid])
    replay(model, optimizer, *data(), plan, grid, target)
    assert_identical(get_state(model, optimizer), states[target])


def test_replay_refuses_a_step_beyond_the_run():
    model, optimizer = start("mlp", recipe())
    with pytest.raises(ValueError, match="step 31 is not reached"):
        replay(model, optimizer, *data(), recipe(), 0, STEPS + 1)


@pytest.mark.parametrize("family", NETWORKS)
def test_tables_continue_to_the_bit_after_an_interruption(family):
    plan = recipe()
    states, whole = run(family, every=5, states=(15,))
    model, optimizer = start(family, plan)
    tracker = Tracker(model, make_probe(*data(seed=1), model.chunk, token_limit=100), spectrum_every=10)
    set_state(model, optimizer, states[15])
    tracker.restore(*(table[table["step"] < 15] for table in whole))
    for step, loss in train_steps(model, optimizer, *data(), plan, start=15):
        if step % 5 == 0:
            tracker.measure(step, loss)
    for table, expected in zip(tracker.tables(), whole, strict=True):
        pd.testing.assert_frame_equal(table, expected, check_exact=True)


def test_loss_gradient_and_weights_belong_to_the_step_they_are_listed_under():
    """Recomputed at step 12 from its state, with the batch of step 12, by autograd alone."""
    plan = recipe()
    states, (_, table) = run("mlp", every=4, states=(12,))
    model, _ = start("mlp", plan)
    set_state(model, None, states[12])
    losses = {}
    for step, loss in train_steps(*start("mlp", plan), *data(), plan):
        losses[step] = loss
    listed = table.set_index("step").loc[12]
    assert listed["loss"] == losses[12]
    weights = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
    assert listed["weight_norm"] == pytest.approx(weights.double().norm().item(), rel=1e-6)
    probe_inputs, probe_labels = data(seed=1)
    loss, correct = evaluate(model, probe_inputs, probe_labels)
    assert listed["probe_loss"] == pytest.approx(loss, rel=1e-6)
    assert listed["probe_accuracy"] == correct / len(probe_labels)


def test_training_learns_and_the_last_measurement_is_the_last_step():
    _, (trajectory, table) = run("mlp", every=5, plan=recipe(steps=200))
    assert table["step"].tolist() == list(range(0, 201, 5))
    assert trajectory["step"].max() == 200
    assert table["probe_accuracy"].iloc[-1] > 0.95 > 0.6 > table["probe_accuracy"].iloc[0]


@pytest.mark.parametrize("family", NETWORKS)
def test_trajectory_has_every_layer_at_every_measurement_and_the_full_spectrum_on_schedule(family):
    _, (trajectory, _) = run(family, every=5)
    model, _ = start(family, recipe())
    assert trajectory["layer"].tolist() == model.tracked * 7
    assert trajectory["step"].tolist() == [step for step in range(0, 31, 5) for _ in model.tracked]
    leading = [name for name in MEASURES if name.startswith(("stable", "participation"))]
    assert trajectory[leading].notna().all(axis=None)
    full = trajectory.drop(columns=["step", "layer", "depth", *leading])
    assert (full.notna().all(axis=1) == (trajectory["step"] % 10 == 0)).all()
    assert (full.isna().all(axis=1) == (trajectory["step"] % 10 != 0)).all()


@pytest.mark.parametrize("family", NETWORKS)
def test_representations_are_what_the_modules_put_out(family):
    model, _ = start(family, recipe())
    inputs, labels = data(150)
    probe = make_probe(inputs, labels, chunk=64, token_limit=300)
    matrices, logits = representations(model, probe)
    assert model.training
    model.eval()
    with torch.inference_mode(), captured(model, model.tracked) as outputs:
        expected = model(inputs)
    torch.testing.assert_close(logits, expected)
    offsets = torch.arange(len(probe.rows)) * 64 * 16
    rows = torch.cat([row + offset for row, offset in zip(probe.rows, offsets, strict=True)])
    for layer, (output,) in outputs.items():
        if output.ndim == 4:
            output = output.mean((2, 3))
        if output.ndim == 3:
            assert len(rows) == 300
            output = output.flatten(0, 1)[rows]
        torch.testing.assert_close(matrices[layer], output)


def test_padding_is_never_a_row():
    tokens = torch.ones(40, 6, dtype=torch.int64)
    tokens[:, 4:] = 0
    probe = make_probe(tokens, torch.zeros(40), chunk=16, token_limit=100)
    kept = torch.cat([chunk.flatten()[rows] for chunk, rows in zip(probe.inputs, probe.rows, strict=True)])
    assert len(kept) == 100 and (kept == 1).all()


def test_hooks_are_gone_after_an_error():
    model, _ = start("mlp", recipe())
    with pytest.raises(ZeroDivisionError), captured(model, model.tracked):
        raise ZeroDivisionError
    assert all(not module._forward_hooks for module in model.modules())


def test_inputs_are_standardised_by_the_training_split_and_tokens_are_not():
    rng = np.random.default_rng(0)
    inputs = {name: torch.from_numpy(rng.normal(3, 2, (50, 4)) + shift) for name, shift in (("train", 0), ("test", 10))}
    done = standardise(inputs)
    assert done["train"].mean().item() == pytest.approx(0, abs=1e-9)
    assert done["train"].std().item() == pytest.approx(1)
    expected = (inputs["test"] - inputs["train"].mean()) / inputs["train"].std()
    torch.testing.assert_close(done["test"], expected)
    tokens = {"train": torch.ones(3, 4, dtype=torch.int64)}
    assert standardise(tokens) is tokens


def test_checkpoint_grid():
    assert checkpoint_steps(2000, 500) == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 500, 1000, 1500, 2000]
    assert checkpoint_steps(10, 500) == [0, 1, 2, 4, 8, 10]
    assert checkpoint_steps(30, 10) == [0, 1, 2, 4, 8, 10, 20, 30]


@pytest.mark.parametrize("family", NETWORKS)
def test_updates_are_those_of_torch_to_the_bit(family):
    plan = recipe()
    model, optimizer = start(family, plan)
    reference, _ = start(family, plan)
    theirs = torch.optim.Adam(reference.parameters(), lr=plan.learning_rate, fused=True)
    for (_, loss), (_, expected) in zip(
        train_steps(model, optimizer, *data(), plan), train_steps(reference, theirs, *data(), plan), strict=True
    ):
        assert loss == expected
    assert_identical(get_state(model, optimizer), get_state(reference, theirs))


def test_divergence_ends_the_run():
    plan = recipe(learning_rate=1e30)
    model, optimizer = start("mlp", plan)
    steps = list(train_steps(model, optimizer, *data(), plan))
    assert 0 < len(steps) < STEPS + 1
    assert not np.isfinite(steps[-1][1]) and all(np.isfinite(loss) for _, loss in steps[:-1])


def test_chance_is_told_from_learning():
    rng = np.random.default_rng(0)
    guesses = rng.binomial(500, 0.125, size=400)
    assert np.mean([not at_chance(int(correct), 500, 0.125) for correct in guesses]) <= 0.025
    assert not at_chance(100, 500, 0.125)


def test_flags_say_what_happened():
    frame = pd.DataFrame({"step": [0, 0, 5, 5], "layer": ["a", "b"] * 2, "stable_rank": [np.nan, 1.0, np.nan, 2.0]})
    dead = dead_layers(frame)
    assert dead == {"a": {"first_step": 0, "measurements": 2}}
    assert describe(None, False, {}, 2) == []
    assert describe(7, True, {}, 2) == ["loss not finite at step 7"]
    assert describe(None, True, dead, 2) == [
        "test accuracy within noise of chance",
        "layer a constant at 2 of 2 measurements, first at step 0",
    ]
