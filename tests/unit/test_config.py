"""Bad configuration stops with one paragraph that names the key or file and what would do."""

import shutil
from pathlib import Path

import pytest
import yaml

from dag.config import load_study
from repdyn.errors import StudyError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def config(**changes):
    content = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    for key, value in changes.items():
        part, _, last = key.rpartition("__")
        target = content[part] if part else content
        if value is None:
            del target[last]
        else:
            target[last] = value
    return content


def refused(**changes):
    with pytest.raises(StudyError) as caught:
        load_study(config(**changes))
    message = str(caught.value)
    assert "\n\n" not in message
    return message


def write(folder, name, text):
    (folder / "config" / name).write_text(text)


def test_the_default_study_is_the_published_grid(folder):
    study = load_study(config())
    families = [study.architectures[network]["family"] for network, _ in study.experiments.values()]
    assert {family: families.count(family) for family in set(families)} == {"mlp": 32, "cnn": 9, "transformer": 14}
    assert len({network for network, _ in study.experiments.values()}) == 15
    assert set(study.datasets) == {"digits", "glyphs", "photos", "docstrings", "manifold"}


def test_the_published_overlay_selects_the_published_datasets(folder):
    overlay = yaml.safe_load((ROOT / "config/published.yaml").read_text())
    study = load_study({**config(), **overlay})
    assert len(study.experiments) == 55
    assert set(study.datasets) == {"mnist", "fashion_mnist", "qmnist", "ag_news"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"sedes": 3}, "unknown key 'sedes'; did you mean 'seeds'?"),
        ({"training__stpes": 3}, "unknown key 'training.stpes'; did you mean 'steps'?"),
        ({"zzz": 3}, "unknown key 'zzz'; known keys are experiments, architectures"),
        ({"training__steps": None}, "key 'training.steps' is missing; a value of type integer is needed of at least 1"),
        ({"phase1": None}, "key 'phase1' is missing; a section with metrics"),
        ({"training__steps": "many"}, "key 'training.steps' is 'many'; a value of type integer is needed"),
        ({"training__steps": 0}, "key 'training.steps' is 0; a value of type integer is needed of at least 1"),
        ({"training__learning_rate": 0}, "key 'training.learning_rate' is 0; a value of type number is needed above 0"),
        ({"seeds": 1.5}, "key 'seeds' is 1.5; a value of type integer is needed"),
        ({"training": 5}, "key 'training' is 5; a section with steps, batch_size and learning_rate is needed"),
        (
            {"phase1__metrics": ["effective_rank"]},
            "key 'phase1.metrics.0' is 'effective_rank'; one of participation_ratio, stable_rank",
        ),
        ({"phase1__metrics": []}, "key 'phase1.metrics' is []; a list of different metrics is needed"),
        ({"phase1__metrics": ["stable_rank"] * 2}, "a list of different metrics is needed, the first is the headline"),
        ({"phase1__surrogates": 20}, "key 'phase1.surrogates' is 20; a value of type integer is needed of at least 99"),
        ({"validity": None}, "key 'validity' is missing; a section with draws is needed"),
        ({"training__steps": 2003}, "training.steps is 2003, not a multiple of tracking.every (5); 2000 would do"),
        (
            {"tracking__spectrum_every": 7},
            "tracking.spectrum_every is 7, not a multiple of tracking.every (5); 5 would",
        ),
        ({"phase1__window": 500}, "phase1.window is 500; a run has only 401 measurements"),
        ({"training__batch_size": 1100}, "batch_size is 1100; dataset digits has 1085 training examples"),
        ({"experiments": "config/none.tsv"}, "config/none.tsv does not exist; key 'experiments' must name a file"),
        ({"datasets": "config/none.yaml"}, "config/none.yaml does not exist; key 'datasets' must name a file"),
    ],
)
def test_a_bad_key_is_named_with_what_would_do(folder, changes, expected):
    assert expected in refused(**changes)


HEADER = "experiment\tarchitecture\tdataset\n"


@pytest.mark.parametrize(
    ("sheet", "expected"),
    [
        (
            "a\tmlp_wid\tdigits\n",
            "experiment 'a': architecture 'mlp_wid' is not in config/architectures.yaml; did you mean",
        ),
        (
            "a\tmlp_wide\tdigit\n",
            "experiment 'a': dataset 'digit' is not in config/datasets.yaml; did you mean 'digits'?",
        ),
        (
            "a\tmlp_wide\timagenet\n",
            "dataset 'imagenet' is not in config/datasets.yaml; config/datasets.yaml describes",
        ),
        ("a\tcnn_deep\tdocstrings\n", "a cnn (cnn_deep) cannot read text data (docstrings), only image"),
        ("a\tcnn_deep\tmanifold\n", "a cnn (cnn_deep) cannot read vector data (manifold), only image"),
        ("a\ttransformer_deep\tmanifold\n", "cannot read vector data (manifold), only image or text"),
        ("a\tmlp_wide\tdigits\na\tmlp_wide\tglyphs\n", "row 2: experiment 'a' is listed twice"),
        ("a\tmlp_wide\n", "row 1: 'a' needs exactly three values"),
        ("a\tmlp_wide\tdigits\textra\n", "row 1: 'a' needs exactly three values"),
        ("a/b\tmlp_wide\tdigits\n", "row 1: 'a/b': letters, digits"),
        ("", "lists no experiments"),
    ],
)
def test_a_bad_row_is_named(folder, sheet, expected):
    write(folder, "experiments.tsv", HEADER + sheet)
    assert expected in refused()


def test_a_sheet_without_its_columns_is_refused(folder):
    write(folder, "experiments.tsv", "experiment,architecture,dataset\na,mlp_wide,digits\n")
    assert "experiment, architecture, dataset are needed, separated by tabs" in refused()


@pytest.mark.parametrize(
    ("networks", "expected"),
    [
        ("a: {family: mpl, hidden: [3]}", "key 'a.family' is 'mpl'; one of mlp, cnn, transformer is needed"),
        ("a: {family: mlp}", "key 'a.hidden' is missing; a list of whole numbers from 1 up is needed"),
        ("a: {family: mlp, hidden: [3, 0]}", "key 'a.hidden.1' is 0; a value of type integer is needed of at least 1"),
        ("a: {family: mlp, hiden: [3]}", "unknown key 'a.hiden'; did you mean 'hidden'?"),
        (
            "a: {family: cnn, channels: [2, 2, 2, 2, 2]}",
            "a halves its images 5 times, digits is 16 pixels wide; at most 4",
        ),
        ("a: {family: transformer, width: 30, heads: 4, layers: 1}", "width 30 of a is not a multiple of its 4 heads"),
        ("a: {family: [", "architectures.yaml is not valid YAML"),
    ],
)
def test_a_bad_architecture_is_named(folder, networks, expected):
    write(folder, "experiments.tsv", HEADER + "x\ta\tdigits\n")
    write(folder, "architectures.yaml", networks)
    assert expected in refused()


def test_a_bad_dataset_is_named(folder):
    write(folder, "datasets.yaml", "digits: {kind: image, options: {train: 9, probe: 9}}")
    assert "key 'digits.size' is missing" in refused()
