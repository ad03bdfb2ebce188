"""Bad configuration stops with one paragraph that names the key or file and what would do."""

import gzip
import shutil
import time
from pathlib import Path

import pytest
import yaml

from dag.config import check_files, load_study, original_files, readers, toolkit_experiments, toolkit_looks_into
from helpers.idx_files import write_family
from helpers.project import ROOT
from repdyn.errors import StudyError


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


def test_a_bad_row_of_the_sheet_of_recurrent_networks_stops_before_any_job(folder):
    sheet = (ROOT / "config/recurrent.tsv").read_text()
    write(folder, "recurrent.tsv", sheet.replace("\tconnect4_moves\t", "\tchess\t", 1))
    assert "task is 'chess'; one of flipflop, context, connect4_moves, connect4_board is needed" in refused()
    write(folder, "recurrent.tsv", sheet.replace("hidden", "units", 1))
    assert "config/recurrent.tsv: the columns are" in refused()


def test_the_default_study_is_the_published_grid(folder):
    study = load_study(config())
    families = [study.architectures[network]["family"] for network, _ in study.experiments.values()]
    assert {family: families.count(family) for family in set(families)} == {"mlp": 32, "cnn": 9, "transformer": 14}
    assert len({network for network, _ in study.experiments.values()}) == 15
    assert set(study.datasets) == {"digits", "glyphs", "photos", "docstrings", "manifold"}


def test_the_published_overlay_selects_the_published_datasets(folder):
    overlay = yaml.safe_load((ROOT / "config/published.yaml").read_text())
    given = config()
    given["toolkit"] |= overlay.pop("toolkit")
    study = load_study(given | overlay)
    assert len(study.experiments) == 55
    assert set(study.datasets) == {"mnist", "fashion_mnist", "qmnist", "ag_news"}
    assert len(toolkit_experiments(study, ("mlp", "cnn", "transformer"))) == 6


def test_the_toolkit_looks_into_experiments_of_the_sheet(folder):
    study = load_study(config())
    assert toolkit_experiments(study, ("cnn", "mlp")) == [
        "mlp_narrow-digits", "mlp_medium-docstrings", "cnn_shallow-glyphs", "cnn_medium-photos",
    ]  # fmt: skip
    assert toolkit_experiments(study, ("transformer",)) == [
        "transformer_shallow-digits",
        "transformer_medium-docstrings",
    ]
    assert toolkit_looks_into(study, ("cnn",)) and not toolkit_looks_into(study, ("module",))
    # An experiment that is not there stops nothing but the toolkit.
    study = load_study(config(toolkit__experiments=["mlp_narow-digits"]))
    with pytest.raises(
        StudyError, match="toolkit.experiments: 'mlp_narow-digits' is not in .*mean 'mlp_narrow-digits'"
    ):
        toolkit_experiments(study, ("cnn",))
    assert toolkit_looks_into(study, ("cnn",))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"sedes": 3}, "unknown key 'sedes'; did you mean 'seeds'?"),
        ({"training__stpes": 3}, "unknown key 'training.stpes'; did you mean 'steps'?"),
        ({"zzz": 3}, "unknown key 'zzz'; known keys are experiments, architectures"),
        ({"training__steps": None}, "key 'training.steps' is missing; a value of type integer is needed of at least 1"),
        ({"toolkit__phases": [0, 0.5]}, "toolkit.phases is [0, 0.5]; 0 (initialisation) and 1 (the end) must be among"),
        (
            {"phase2__grid": [0, 1]},
            "phase2.grid is [0, 1]; 0.05 and 0.5 must be among its training fractions, because claim C16",
        ),
        (
            {"phase2__grid": [0, 0.05, 1]},
            "phase2.grid is [0, 0.05, 1]; 0.5 must be among its training fractions, because claim C16",
        ),
        ({"toolkit__experiments": []}, "key 'toolkit.experiments' is []; a list of different experiments"),
        ({"phase1": None}, "key 'phase1' is missing; a section with metrics"),
        ({"training__steps": "many"}, "key 'training.steps' is 'many'; a value of type integer is needed"),
        ({"training__steps": 0}, "key 'training.steps' is 0; a value of type integer is needed of at least 1"),
        ({"training__learning_rate": 0}, "key 'training.learning_rate' is 0; a value of type number is needed above 0"),
        ({"device": "gpu"}, "key 'device' is 'gpu'; one of auto, cpu, cuda is needed"),
        ({"device": None}, "key 'device' is missing; one of auto, cpu, cuda is needed"),
        ({"dispatch": "avx512"}, "key 'dispatch' is 'avx512'; one of native, avx2 is needed"),
        ({"seeds": 1.5}, "key 'seeds' is 1.5; a value of type integer is needed"),
        ({"training": 5}, "key 'training' is 5; a section with steps, batch_size and learning_rate is needed"),
        (
            {"phase1__metrics": ["effective_rank"]},
            "key 'phase1.metrics.0' is 'effective_rank'; one of participation_ratio, stable_rank",
        ),
        ({"phase1__metrics": []}, "key 'phase1.metrics' is []; a list of different metrics is needed"),
        ({"phase1__metrics": ["stable_rank"] * 2}, "a list of different metrics is needed, the first is the headline"),
        ({"phase1__surrogates": 20}, "key 'phase1.surrogates' is 20; a value of type integer is needed of at least 99"),
        (
            {"phase1__level": None},
            "key 'phase1.level' is missing; a value of type number is needed above 0 and at most 0.5",
        ),
        ({"phase1__level": 5}, "key 'phase1.level' is 5; a value of type number is needed above 0 and at most 0.5"),
        (
            {"phase1__level": 0.0005},
            "phase1.level is 0.0005 and phase1.surrogates 1000; p values that reach such a level need 1999 surrogates",
        ),
        ({"validity": None}, "key 'validity' is missing; a section with draws is needed"),
        ({"training__steps": 2003}, "training.steps is 2003, not a multiple of tracking.every (5); 2000 would do"),
        (
            {"tracking__spectrum_every": 7},
            "tracking.spectrum_every is 7, not a multiple of tracking.every (5); 5 would",
        ),
        ({"phase1__window": 500}, "phase1.window is 500; a run has only 401 measurements"),
        ({"training__batch_size": 1100}, "batch_size is 1100; dataset digits has 1085 training examples"),
        ({"experiments": "config/none.tsv"}, "config/none.tsv does not exist; key 'experiments' must name a file"),
        ({"recurrent": "config/none.tsv"}, "config/none.tsv does not exist; key 'recurrent' must name a file"),
        ({"downloads": "config/none.yaml"}, "config/none.yaml does not exist; key 'downloads' must name a file"),
        (
            {"recordings": {"a": {"file": "a.npz"}}},
            "key 'recordings.a.experiment' is missing; the name of an experiment",
        ),
        ({"recordings": {"a b": {}}}, "name 'a b'; letters, digits, _ and - are needed"),
        (
            {"recordings": {"a": {"file": "a.npz", "experiment": "mlp_narow-digits"}}},
            "recordings, a: experiment 'mlp_narow-digits' is not in config/experiments.tsv; did you mean 'mlp_narrow",
        ),
        (
            {"recordings": {"a": {"file": "a.npz", "experiment": "mlp_narrow-digits"}}},
            "recordings, a: file a.npz does not exist",
        ),
        (
            {"recordings": {"a": {"file": "config/README.md", "experiment": "mlp_narrow-digits"}}},
            "config/README.md holds no stimuli that a network can read; name under `stimuli` a .npz",
        ),
        ({"mirror": "example.org/data"}, "key 'mirror' is 'example.org/data'; an address that starts with https://"),
        ({"data_dir": ""}, "key 'data_dir' is ''; the path of a folder is needed"),
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
        ("a\tmlp_wide\tdigits\nA\tmlp_wide\tdigits\n", "experiment 'A' differs from 'a' in upper and lower case alone"),
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
        ("a: {family: mpl, hidden: [3]}", "key 'a.family' is 'mpl'; one of mlp, cnn, transformer, module is needed"),
        ("a: {family: mlp}", "key 'a.hidden' is missing; a list of whole numbers from 1 up is needed"),
        ("a: {family: mlp, hidden: [3, 0]}", "key 'a.hidden.1' is 0; a value of type integer is needed of at least 1"),
        ("a: {family: mlp, hiden: [3]}", "unknown key 'a.hiden'; did you mean 'hidden'?"),
        (
            "a: {family: cnn, channels: [2, 2, 2, 2, 2]}",
            "a halves its images 5 times, digits is 16 pixels wide; at most 4",
        ),
        ("a: {family: transformer, width: 30, heads: 4, layers: 1}", "width 30 of a is not a multiple of its 4 heads"),
        (
            "a: {family: mlp, hidden: [100000, 100000]}",
            "a has 10,000,000,000 weights; at most 300,000,000 fit into memory",
        ),
        ("a: {family: transformer, width: 8000, heads: 4, layers: 1}", "a has 768,000,000 weights"),
        ("a: {family: cnn, channels: [9000, 9000]}", "a has 729,000,000 weights"),
        ("a: {family: mlp, hidden: [3], hidden: [4]}", "line 1: key 'hidden' stands twice; remove one"),
        ("n$(touch X): {family: mlp, hidden: [3]}", "architectures.yaml: 'n$(touch X)': letters, digits"),
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


@pytest.mark.parametrize(
    ("datasets", "expected"),
    [
        (
            "faces: {kind: image, size: 28, options: {train: 64, probe: 9}}",
            "dataset faces names no `file`, and is none of ours",
        ),
        ("digits: {kind: image, size: 16, options: {train: 64, probe: 9, tets: 9}}", "'tets'; did you mean 'test'?"),
        ("digits: {kind: image, size: 16, options: {train: 64, probe: 9, seed: 9}}", "option 'seed' is set by the"),
        ("digits: {kind: image, size: 16, files: true, options: {train: 64, probe: 9}}", "`files: false` is needed"),
        (
            "mnist: {kind: image, size: 28, options: {train: 64, probe: 9}}",
            "`files: true` is needed, because it is read",
        ),
        ("a b: {kind: image, size: 28, options: {train: 64, probe: 9}}", "datasets.yaml: 'a b': letters, digits"),
    ],
)
def test_a_dataset_without_a_loader_or_of_other_options_is_named(folder, datasets, expected):
    name = datasets.partition(":")[0].replace(" ", "_")
    write(folder, "experiments.tsv", HEADER + f"x\tmlp_wide\t{name}\n")
    write(folder, "datasets.yaml", datasets)
    assert expected in refused()


def test_a_hypothesis_about_what_is_not_measured_is_named(folder):
    text = (ROOT / "config/hypotheses.yaml").read_text()
    write(folder, "hypotheses.yaml", text.replace("quantity: attention_entropy", "quantity: attention_entropi"))
    assert "key 'H1.quantity' is 'attention_entropi', which is not measured in a transformer; did you mean" in refused()
    write(folder, "hypotheses.yaml", text.replace("families: [mlp]", "families: [mlp, transformer]"))
    assert "key 'H3.quantity' is 'selectivity', which is not measured in a transformer" in refused()


def test_claims_are_checked_before_any_job(folder):
    text = (ROOT / "config/claims.yaml").read_text()
    write(folder, "claims.yaml", text.replace("derivable: true", "derivable: perhaps", 1))
    assert "config/claims.yaml: key 'claims.0.derivable' is 'perhaps'" in refused()


def test_a_file_of_another_encoding_is_named_with_its_line(folder):
    text = (ROOT / "config/architectures.yaml").read_bytes()
    (folder / "config/architectures.yaml").write_bytes(b"# \xe9\n" + text)
    assert "config/architectures.yaml, line 1: byte 0xe9 is not UTF-8" in refused()


def test_checking_takes_less_than_half_a_second(folder):
    given = config()
    load_study(given)
    started = time.process_time()
    load_study(given)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("downloads", "expected"),
    [
        (f"mnist: {{mirrors: [], files: {{a: {'a' * 64}}}}}", "key 'mnist.mirrors' is []; a list of addresses"),
        ("mnist: {mirrors: [https://a], files: {}}", "key 'mnist.files' is {}; the SHA-256 of every original file"),
        (f"mnist: {{mirrors: [a.org], files: {{a: {'a' * 64}}}}}", "key 'mnist.mirrors.0' is 'a.org'; an address that"),
        ("mnist: {mirrors: ['https://a.org'], files: {a: md5}}", "key 'mnist.files.a' is 'md5'; a SHA-256 of 64"),
        (
            f"mnist: {{mirrors: ['https://a.org'], files: {{../a: {'a' * 64}}}}}",
            "files of mnist: '../a': letters, digits",
        ),
        ("{}", "experiment 'x': the source of dataset 'mnist' is not in config/downloads.yaml"),
    ],
)
def test_a_bad_source_of_files_is_named(folder, downloads, expected):
    write(folder, "experiments.tsv", HEADER + "x\tmlp_wide\tmnist\n")
    write(folder, "downloads.yaml", downloads)
    assert expected in refused()


@pytest.fixture
def family(folder):
    """A study of MNIST of 40 images, and the folder of its files."""
    write(folder, "experiments.tsv", HEADER + "x\tmlp_wide\tmnist\ny\tmlp_wide\tmnist\nz\tmlp_wide\tdigits\n")
    text = (ROOT / "config/datasets.yaml").read_text()
    write(
        folder,
        "datasets.yaml",
        text.replace("\nmnist: ", "\nmnist: {kind: image, size: 28, files: true, options: {train: 32, probe: 20}} # "),
    )
    return write_family(folder / "data")


def study():
    return load_study(config())


def test_files_at_hand_are_read_and_named_if_they_are_not_the_originals(family):
    assert check_files(study()) == ["mnist"]
    assert readers(study(), "mnist") == 2 and original_files(study(), "digits") == {}
    found = original_files(study(), "mnist")
    assert found["train-images-idx3-ubyte.gz"].name == "train-images-idx3-ubyte.gz"
    assert found["train-labels-idx1-ubyte.gz"].name == "train-labels-idx1-ubyte"
    for path in family.glob("*.gz"):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert check_files(study()) == []


def test_a_missing_file_is_left_to_a_job_and_a_broken_one_beside_it_is_not(family):
    (family / "t10k-labels-idx1-ubyte").unlink()
    check_files(study())
    assert [file for file, path in original_files(study(), "mnist").items() if not path] == [
        "t10k-labels-idx1-ubyte.gz"
    ]
    path = family / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(StudyError, match="train-images-idx3-ubyte.gz is truncated or corrupt"):
        check_files(study())


def test_a_missing_file_of_a_folder_that_cannot_be_written_to_stops_the_study(family, monkeypatch):
    (family / "t10k-labels-idx1-ubyte").unlink()
    monkeypatch.setattr("os.access", lambda path, _: Path(path) != family.relative_to(Path.cwd()))
    with pytest.raises(StudyError) as caught:
        check_files(study())
    message = str(caught.value)
    assert message.startswith("data/mnist lacks t10k-labels-idx1-ubyte.gz and cannot be written to")
    assert "place them in data/mnist by hand" in message and "leave out the 2 experiments that read mnist" in message


def test_more_runs_than_can_be_planned_are_refused(folder):
    write(folder, "experiments.tsv", HEADER + "".join(f"x{i}\tmlp_wide\tdigits\n" for i in range(101)))
    assert "101 experiments make 101,000 runs of that, at most 100,000" in refused(seeds=1000)
