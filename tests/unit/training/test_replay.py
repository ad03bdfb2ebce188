"""Any step of a run from its checkpoint grid, to the bit; and checkpoints that are refused."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from common.checkpoints import check_loss, check_settings, check_shapes, read_checkpoint
from common.files import read_json, sha256, write_json
from helpers.tiny_networks import NETWORKS, SHAPE, data
from repdyn.errors import StudyError
from repdyn.measures.subject import Subject
from repdyn.training.loop import Recipe, checkpoint_steps, get_state, initialise, make_optimizer, train_steps
from repdyn.training.replay import materialise
from repdyn.training.tracker import evaluate

RECIPE = Recipe(("test", 0), steps=40, batch_size=8, learning_rate=1e-2)
GRID = checkpoint_steps(40, 16)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def trained(family):
    """The state at every step of a run."""
    model = initialise(NETWORKS[family], RECIPE, **SHAPE)
    optimizer = make_optimizer(model, RECIPE)
    return model, {step: get_state(model, optimizer) for step, _ in train_steps(model, optimizer, *data(), RECIPE)}


@pytest.mark.parametrize("family", NETWORKS)
def test_materialised_steps_are_those_of_the_run(family):
    _, states = trained(family)
    model = initialise(NETWORKS[family], RECIPE, **SHAPE)
    optimizer = make_optimizer(model, RECIPE)
    loaded = []

    def load(step):
        loaded.append(step)
        return states[step]

    wanted = [0, 3, 5, 16, 21, 31, 32, 40]
    seen = []
    for step in materialise(model, optimizer, GRID, load, wanted, *data(), RECIPE):
        seen.append(step)
        found = get_state(model, optimizer)
        assert found.keys() == states[step].keys()
        assert all(torch.equal(found[name], states[step][name]) for name in found), (family, step)
    assert seen == wanted
    assert loaded == [0, 2, 4, 16, 32, 40], "a step is reached from the nearest state below, saved or passed"


@pytest.mark.parametrize("family", NETWORKS)
def test_a_subject_sees_the_network_of_each_step(family):
    model, states = trained(family)
    weights = {
        step: {name.removeprefix("model/"): value for name, value in states[step].items() if name.startswith("model/")}
        for step in (0, 40)
    }
    inputs, labels = data(seed=1)
    subject = Subject(model, weights, inputs, labels, classes=3)
    logits = {step: subject.logits(step) for step in (0, 40)}
    for step in (40, 0):
        model.load_state_dict(weights[step])
        model.eval()
        with torch.inference_mode():
            expected = torch.cat([model(chunk) for chunk in inputs.split(model.chunk)]).numpy()
        assert np.array_equal(logits[step], expected)
    assert not any(module._forward_hooks for module in model.modules())
    first = subject.examples(40)[subject.layers[0]]
    assert first.shape[0] == 60 and subject.representations(40)[subject.layers[-1]].shape == (60, 3)


@pytest.fixture
def run(tmp_path):
    """A finished run's folder with one checkpoint."""
    model, states = trained("mlp")
    folder = tmp_path / "run"
    path = folder / "checkpoints/step_000016.safetensors"
    path.parent.mkdir(parents=True)
    save_file(states[16], path)
    write_json(folder / "checkpoints.json", {"16": {"file": path.name, "sha256": sha256(path)}})
    settings = {"experiment": "test", "seed": 0, "training": {"steps": 40}}
    write_json(folder / "provenance.json", {"settings": settings})
    return folder, path, states


def listed(folder):
    return read_json(folder / "checkpoints.json")


def test_a_whole_checkpoint_reloads_to_its_loss(run):
    folder, _, states = run
    state = read_checkpoint(folder, 16, listed(folder))
    assert all(torch.equal(state[name], value) for name, value in states[16].items())
    model = initialise(NETWORKS["mlp"], RECIPE, **SHAPE)
    check_shapes(folder, 16, model, state)
    losses = []
    for tensors in (states[16], state):
        model.load_state_dict({k.removeprefix("model/"): v for k, v in tensors.items() if k.startswith("model/")})
        losses.append(evaluate(model, *data(seed=1))[0])
    assert losses[0] == losses[1]
    check_loss(folder, 16, *losses)


def test_a_missing_checkpoint_is_named(run):
    folder, path, _ = run
    path.unlink()
    with pytest.raises(StudyError, match=r"step_000016\.safetensors is missing; delete .*run and run again"):
        read_checkpoint(folder, 16, listed(folder))


@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_a_changed_checkpoint_is_refused(run, damage):
    folder, path, _ = run
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        del content[len(content) // 2 :]
    else:
        content[-100] ^= 1
    path.write_bytes(content)
    with pytest.raises(StudyError, match=r"step_000016\.safetensors is not the file that training wrote: its SHA-256"):
        read_checkpoint(folder, 16, listed(folder))


def test_a_file_of_another_kind_is_refused_even_with_its_own_checksum(run):
    folder, path, _ = run
    path.write_bytes(b"not weights")
    listing = {"16": {"file": path.name, "sha256": sha256(path)}}
    with pytest.raises(StudyError, match="is not a safetensors file"):
        read_checkpoint(folder, 16, listing)


def test_another_architecture_is_refused_by_the_first_weight_that_does_not_fit(run):
    folder, path, _ = run
    wider = initialise({"family": "mlp", "hidden": [12, 9]}, RECIPE, **SHAPE)
    with pytest.raises(StudyError, match=r"another architecture: hidden\.1\.0\.bias is \(8,\) there and \(9,\)"):
        check_shapes(folder, 16, wider, load_file(path))
    deeper = initialise({"family": "mlp", "hidden": [12, 8, 8]}, RECIPE, **SHAPE)
    with pytest.raises(StudyError, match=r"hidden\.2\.0\.bias is absent there"):
        check_shapes(folder, 16, deeper, load_file(path))


def test_another_configuration_is_refused_by_name(run):
    folder = run[0]
    check_settings(folder, {"experiment": "test", "training": {"steps": 40}})
    with pytest.raises(
        StudyError, match=r"another configuration: training was \{'steps': 40\} .* is \{'steps': 60\} now"
    ):
        check_settings(folder, {"training": {"steps": 60}})


def test_a_run_of_another_device_is_refused(run):
    folder = run[0]
    write_json(folder / "provenance.json", {"settings": {"device": "cuda"}})
    check_settings(folder, {"device": "cuda"})
    with pytest.raises(StudyError, match="device was 'cuda' when they were trained and is 'cpu' now"):
        check_settings(folder, {"device": "cpu"})


def test_a_loss_that_disagrees_with_its_record_is_refused(run):
    folder = run[0]
    check_loss(folder, 20, 1.00005, 1.0)
    for loss in (1.001, float("nan")):
        with pytest.raises(StudyError, match="step 20: the probe loss is .* and was 1 in training"):
            check_loss(folder, 20, loss, 1.0)
