"""A user's own networks and datasets are checked while the study is planned, without torch, and named with their row."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from safetensors.numpy import save_file

from dag.config import load_study
from helpers.project import ROOT
from repdyn.errors import StudyError

NETWORK = "def network(shape, classes, width=8):\n    return width\n\nmade = network\n"
DATA = "def arrays(seed, train=40):\n    return {}\n"


def arrays(train=40, **changes):
    """Vectors of five numbers and three classes, some arrays replaced or (None) left out."""
    made = {}
    for split, count in (("train", train), ("probe", 12), ("test", 12)):
        made[f"{split}_inputs"] = np.linspace(-1, 1, count * 5, dtype=np.float32).reshape(count, 5)
        made[f"{split}_labels"] = np.arange(count) % 3
    return {name: value for name, value in (made | changes).items() if value is not None}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a network, data in three forms, and an experiment of theirs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    for name in ("downloads.yaml", "hypotheses.yaml", "claims.yaml", "recurrent.tsv", "organisms.tsv"):
        (tmp_path / "config" / name).write_text((ROOT / "config" / name).read_text())
    (tmp_path / "network.py").write_text(NETWORK)
    (tmp_path / "data.py").write_text(DATA)
    np.savez(tmp_path / "data.npz", **arrays())
    save_file(arrays(), tmp_path / "data.safetensors")
    (tmp_path / "sheet.tsv").write_text("experiment\tarchitecture\tdataset\nx\tmine\town\n")
    return tmp_path


def load(network=None, data=None, **changes):
    """The study with changed descriptions of the network and of the dataset."""
    described = {"family": "module", "file": "network.py", "function": "network"} | (network or {})
    stored = data or {"kind": "vector", "file": "data.npz"}
    for name, content in (("networks.yaml", {"mine": described}), ("data.yaml", {"own": stored})):
        Path(name).write_text(yaml.safe_dump(content))
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    named = {"experiments": "sheet.tsv", "architectures": "networks.yaml", "datasets": "data.yaml"}
    return load_study(config | named | changes)


def refused(**options):
    with pytest.raises(StudyError) as caught:
        load(**options)
    return str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "vector", "file": "data.npz", "classes": ["a", "b", "c"]},
        {"kind": "vector", "file": "data.safetensors"},
        {"kind": "vector", "file": "data.py", "function": "arrays", "options": {"train": 50}},
    ],
)
def test_every_form_of_data_is_taken(folder, data):
    assert load(data=data).datasets["own"] == data


@pytest.mark.parametrize(
    "network", [{"function": "made"}, {"options": {"width": 3}}, {"layers": ["a"]}, {"layers": {"a": "block"}}]
)
def test_every_form_of_network_is_taken(folder, network):
    assert load(network).architectures["mine"].items() >= network.items()


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ({"file": "net.py"}, "experiment 'x', architecture mine: net.py does not exist"),
        ({"file": "network.txt"}, "key 'mine.file' is 'network.txt'; the path of a Python file is needed"),
        ({"function": "netwrk"}, "network.py has no function 'netwrk'; did you mean 'network'?"),
        ({"function": "transformer"}, "network.py has no function 'transformer'; it defines network, made."),
        ({"options": {"widht": 3}}, "function network of network.py takes no argument 'widht'; did you mean 'width'?"),
        ({"layers": []}, "key 'mine.layers' is []; "),
        ({"layers": {"a": "output"}}, "key 'mine.layers.a' is 'output'; one of embedding, hidden"),
        ({"width": 3}, "unknown key 'mine.width'; known keys are family, file, function, options, layers."),
    ],
)
def test_a_network_that_will_not_do_is_named(folder, network, expected):
    assert expected in refused(network=network)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def network(shape:\n", "network.py is not valid Python"),
        ("def network(shape):\n    pass\n", "takes no argument 'classes'; it is given that by name"),
        ("def network(shape, classes, depth):\n    pass\n", "network.py needs 'depth'; give it under `options`"),
    ],
)
def test_a_file_that_will_not_do_is_named(folder, code, expected):
    (folder / "network.py").write_text(code)
    assert "experiment 'x', architecture mine: " in (message := refused()) and expected in message


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"kind": "vector", "file": "none.npz"}, "experiment 'x', dataset own: none.npz does not exist"),
        ({"kind": "vector", "file": "data.csv"}, "key 'own.file' is 'data.csv'; the path of a file of arrays (.npz"),
        ({"kind": "vector", "file": "data.py"}, "data.py is a Python file; name the function in it under `function`"),
        ({"kind": "vector", "file": "data.py", "function": "array"}, "no function 'array'; did you mean 'arrays'?"),
        ({"kind": "vector", "file": "data.npz", "function": "arrays"}, "data.npz: a file of arrays (.npz or"),
        ({"kind": "text", "options": {"train": 9, "probe": 9}}, "own names no `file`, and is none of ours (digits,"),
        (
            {"kind": "image", "file": "data.npz"},
            "key 'own.size' is missing; the width of its images in pixels is needed",
        ),
        (
            {"kind": "image", "size": 8, "file": "data.npz"},
            "train_inputs have shape (40, 5); image data are (examples, 1,",
        ),
        ({"kind": "vector", "file": "data.npz", "classes": ["a"]}, "key 'own.classes' is ['a']; a list of the names"),
    ],
)
def test_a_dataset_that_will_not_do_is_named(folder, data, expected):
    assert expected in refused(data=data)


@pytest.mark.parametrize("form", ["npz", "safetensors"])
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"test_labels": None}, "lacks test_labels; it holds train_inputs, "),
        ({"train_labels": np.zeros(7, int)}, "train_labels have shape (7,); (40,) is needed, a label for each input"),
        (
            {"probe_inputs": np.zeros((12, 4))},
            "probe_inputs have shape (12, 4); vector data are (examples, features), alike",
        ),
    ],
)
def test_arrays_that_do_not_fit_are_named(folder, form, changes, expected):
    save = {"npz": lambda path, made: np.savez(path, **made), "safetensors": lambda path, made: save_file(made, path)}[
        form
    ]
    save(folder / f"data.{form}", arrays(**changes))
    message = refused(data={"kind": "vector", "file": f"data.{form}"})
    held = expected.split("; it holds")[0]
    assert f"experiment 'x', dataset own: data.{form}" in message and held in message


@pytest.mark.parametrize("form", ["npz", "safetensors"])
def test_a_broken_file_is_named(folder, form):
    path = folder / f"data.{form}"
    path.write_bytes(path.read_bytes()[:20])
    assert f"dataset own: data.{form} is not a whole .{form} file" in refused(
        data={"kind": "vector", "file": path.name}
    )


def test_fewer_examples_than_a_batch_are_refused(folder):
    np.savez(folder / "data.npz", **arrays(train=20))
    assert "training.batch_size is 32; dataset own has 20 training examples" in refused()


def test_planning_loads_neither_torch_nor_the_file(folder):
    (folder / "network.py").write_text("raise SystemExit('run')\n" + NETWORK)
    load()
    code = "import sys, dag.config, dag.own; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "workflow")}).returncode == 0
