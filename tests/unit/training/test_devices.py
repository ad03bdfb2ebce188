"""Where a run is trained: the choice, and on a GPU the same bits twice, and the numbers of a CPU to a tolerance."""

import os

import pandas as pd
import pytest
import torch

from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.errors import StudyError
from repdyn.training.devices import choose_device, device_name, make_deterministic, seed_draws
from repdyn.training.loop import Recipe, checkpoint_steps, get_state, initialise, make_optimizer, set_state, train_steps
from repdyn.training.measurements import MEASURES
from repdyn.training.replay import materialise
from repdyn.training.tracker import Tracker, evaluate, make_probe

STEPS = 20
RECIPE = Recipe(("test", 0), STEPS, batch_size=8, learning_rate=1e-3)
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")
CPU = torch.device("cpu")


@pytest.fixture(scope="module", autouse=True)
def settings():
    """The settings of a step, and those of other tests again after it."""
    threads, before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    make_deterministic()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(before)


@pytest.mark.parametrize(
    ("wanted", "visible", "expected"),
    [
        ("cpu", True, "cpu"),
        ("cpu", False, "cpu"),
        ("auto", False, "cpu"),
        ("auto", True, "cuda"),
        ("cuda", True, "cuda"),
    ],
)
def test_auto_takes_a_gpu_where_there_is_one(monkeypatch, wanted, visible, expected):
    monkeypatch.setattr("torch.cuda.is_available", lambda: visible)
    assert choose_device(wanted).type == expected


def test_a_device_that_is_not_there_or_unknown_is_refused(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(
        StudyError, match=r"device is cuda, and torch .* sees no GPU on this machine; device: cpu trains"
    ):
        choose_device("cuda")
    with pytest.raises(StudyError, match="device is 'gpu'; one of auto, cpu, cuda is needed"):
        choose_device("gpu")


def test_settings_of_a_gpu_are_made():
    assert torch.are_deterministic_algorithms_enabled() and not torch.is_deterministic_algorithms_warn_only_enabled()
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert not torch.backends.cudnn.allow_tf32 and not torch.backends.cuda.matmul.allow_tf32
    assert not torch.backends.cudnn.benchmark
    assert device_name(CPU) == "cpu"


def test_draws_are_seeded_on_the_device_that_draws(monkeypatch):
    class Generator:
        def manual_seed(self, seed):
            self.seed = seed

    generators = Generator(), Generator()
    monkeypatch.setattr("torch.cuda.default_generators", generators)
    torch.default_generator.manual_seed(5)
    before = torch.default_generator.get_state()
    seed_draws(torch.device("cuda", 1), 7)
    assert generators[1].seed == 7 and not hasattr(generators[0], "seed")
    assert torch.equal(torch.default_generator.get_state(), before)
    seed_draws(CPU, 7)
    assert torch.default_generator.initial_seed() == 7


def start(family, device):
    model = initialise(NETWORKS[family], RECIPE, **SHAPE).to(device)
    return model, make_optimizer(model, RECIPE), [values.to(device) for values in data()]


def trained(family, device, begin=0, state=None, tables=None):
    """The state at every step from `begin` on, and the tables."""
    model, optimizer, examples = start(family, device)
    probe = make_probe(*(values.to(device) for values in data(seed=1)), model.chunk, token_limit=100)
    tracker = Tracker(model, probe, spectrum_every=10)
    if state:
        set_state(model, optimizer, state)
        tracker.restore(*(table[table["step"] < begin] for table in tables))
    states = {}
    for step, loss in train_steps(model, optimizer, *examples, RECIPE, begin):
        states[step] = get_state(model, optimizer)
        if step == 10:
            tracker.measurements.flush()  # as a job does when it saves its tables: sums in a batch depend on what is in it
        tracker.measure(step, loss)
    return states, tracker.tables()


def assert_identical(first, second):
    assert first.keys() == second.keys()
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def assert_same_tables(first, second):
    for table, other in zip(first, second, strict=True):
        pd.testing.assert_frame_equal(table, other, check_exact=True)


@GPU
@pytest.mark.parametrize("family", NETWORKS)
def test_a_run_on_a_gpu_repeats_continues_and_replays_to_the_bit(family):
    device = choose_device("cuda")
    states, tables = trained(family, device)
    again, repeated = trained(family, device)
    assert all(value.device == CPU for value in states[STEPS].values())
    for step, state in states.items():
        assert_identical(state, again[step])
    assert_same_tables(tables, repeated)
    rest, continued = trained(family, device, 10, states[10], tables)
    assert_identical(rest[STEPS], states[STEPS])
    assert_same_tables(tables, continued)
    model, optimizer, examples = start(family, device)
    grid = checkpoint_steps(STEPS, 16)
    for step in materialise(model, optimizer, grid, states.__getitem__, [3, 11, STEPS], *examples, RECIPE):
        assert_identical(get_state(model, optimizer), states[step])
        loss, _ = evaluate(model, *(values.to(device) for values in data(seed=1)))
        recorded = tables[1].set_index("step")["probe_loss"][step]
        assert loss == pytest.approx(recorded, rel=1e-4)


@GPU
@pytest.mark.parametrize("family", NETWORKS)
def test_a_gpu_gives_the_numbers_of_a_cpu_at_the_start_and_nearly_so_after_a_few_steps(family):
    (there, tables), (here, expected) = (trained(family, device) for device in (choose_device("cuda"), CPU))
    assert_identical(there[0], here[0])
    losses = [table.set_index("step")["probe_loss"] for _, table in (tables, expected)]
    assert losses[0][0] == pytest.approx(losses[1][0], rel=1e-4)
    at_start = [table[table["step"] == 0][list(MEASURES)].astype(float) for table, _ in (tables, expected)]
    pd.testing.assert_frame_equal(*at_start, check_exact=False, rtol=1e-3)
    assert losses[0][5] == pytest.approx(losses[1][5], rel=1e-2)
