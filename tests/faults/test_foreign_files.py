"""Loading never executes code from a file."""

import ast
import pickle
import re
import shutil
from pathlib import Path

import pytest

from common.files import read_json, sha256, write_json
from helpers.disturbed import MLP, finished, step, train, training
from helpers.project import PLAN, ROOT


class Payload:
    """Unpickling it makes a file."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


@pytest.fixture
def pickled(tmp_path):
    """The bytes of a pickle that leaves a mark where it is loaded, and the mark."""
    mark = tmp_path / "executed"
    content = pickle.dumps(Payload(mark))
    pickle.loads(content)
    assert mark.exists()
    mark.unlink()
    return content, mark


def test_a_pickle_in_the_place_of_a_dataset(pickled, tmp_path):
    content, mark = pickled
    data = tmp_path / "manifold.safetensors"
    data.write_bytes(content)
    arguments = training(MLP, tmp_path / "run")
    arguments[arguments.index("--data") + 1] = str(data)
    done = step(*arguments)
    assert done.returncode == 1 and f"Error: {data} carries no checksum" in done.stderr, done.stderr
    assert not mark.exists() and "Traceback" not in done.stderr


def phase2(run: Path):
    described = dict(zip((arguments := training(MLP, run))[1::2], arguments[2::2], strict=False))
    kept = ("--data", "--experiment", "--seed", "--architecture", "--training", "--checkpoint-every")
    options = [word for name in kept for word in (name, described[name])]
    return step("workflow/scripts/phase2.py", "--run", str(run), *options, *PLAN)


def test_a_pickle_in_the_place_of_a_checkpoint_even_with_its_checksum(pickled, tmp_path):
    content, mark = pickled
    run = shutil.copytree(finished().folder / MLP, tmp_path / "run")
    path = run / "checkpoints/step_000000.safetensors"
    path.write_bytes(content)
    listed = read_json(run / "checkpoints.json")
    listed["0"]["sha256"] = sha256(path)
    write_json(run / "checkpoints.json", listed)
    done = phase2(run)
    assert done.returncode == 1 and "is not a safetensors file" in done.stderr and "Traceback" not in done.stderr
    assert not mark.exists()


@pytest.mark.parametrize("name", ["trajectory.parquet", "training.parquet", "run.json"])
def test_a_pickle_in_the_place_of_a_table(pickled, tmp_path, name):
    content, mark = pickled
    run = shutil.copytree(finished().folder / MLP, tmp_path / "run")
    (run / name).write_bytes(content)
    settings = ["--threshold", "2", "--window", "4", "--tolerance", "0.1", "--quantile", "0.9", "--surrogates", "9"]
    settings += ["--level", "0.05"]
    done = step("workflow/scripts/phase1.py", "--run", str(run), "--metrics", "participation_ratio", *settings)
    assert done.returncode == 1 and not mark.exists()


def test_a_pickle_in_the_place_of_a_saved_state(pickled, tmp_path):
    content, mark = pickled
    out = tmp_path / "run"
    train(MLP, out, die_at="tables_000010")
    state = sorted((out / "unfinished").rglob("*.safetensors"))
    assert len(state) > 5
    for path in [*state, *(out / "unfinished").rglob("*.parquet"), out / "unfinished/saved.json"]:
        path.write_bytes(content)
    assert train(MLP, out).returncode == 0 and not mark.exists()


MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
CALLS = {"eval", "exec", "compile", "__import__"}


def dangers(source: str) -> list[str]:
    """Calls and imports that execute what a file says."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            found += [name for name in names if name.split(".")[0] in MODULES]
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        options = {option.arg: ast.unparse(option.value) for option in node.keywords}
        unsafe = (
            name in CALLS
            or name.endswith(("read_pickle", "to_pickle"))
            or (name == "torch.load" and options.get("weights_only") != "True")
            or name in ("yaml.load", "yaml.unsafe_load", "yaml.full_load")
            or options.get("allow_pickle") == "True"
        )
        found += [name] if unsafe else []
    return found


@pytest.mark.parametrize(
    "source",
    [
        "import pickle", "from joblib import load", "eval(text)", "torch.load(path)", "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)", "pd.read_pickle(path)", "yaml.load(text)", "exec(code)",
    ],
)  # fmt: skip
def test_the_scan_finds_what_it_looks_for(source):
    assert dangers(source)


def test_no_source_loads_what_could_execute():
    sources = sorted((ROOT / "workflow").rglob("*.py"))
    assert len(sources) > 50
    assert {path.name: dangers(path.read_text()) for path in sources if dangers(path.read_text())} == {}
    rules = [ROOT / "workflow/Snakefile", *(ROOT / "workflow/rules").glob("*.smk")]
    words = rf"\b({'|'.join(MODULES | CALLS)})\b\s*\(|torch\.load|yaml\.(unsafe_|full_)?load\("
    assert not [path.name for path in rules if re.search(words, path.read_text())]
