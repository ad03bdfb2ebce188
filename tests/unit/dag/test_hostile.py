"""The cases of hostile.yaml end in one sentence that names the key, before any job."""

import shutil
from pathlib import Path

import pytest
import yaml

from dag.config import load_study
from helpers.project import ROOT
from repdyn.errors import StudyError

CASES = yaml.safe_load(Path(__file__).with_name("hostile.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['key']}={case['value']!r}"[:60])
def test_a_hostile_value_is_refused_in_a_sentence_that_names_it(tmp_path, monkeypatch, case):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    file, _, key = case["key"].rpartition("/")
    path = Path(f"config/{file or 'config'}.yaml")
    content = target = yaml.safe_load(path.read_text(encoding="utf-8"))
    *parents, last = key.split(".")
    for parent in parents:
        target = target[parent]
    target[last] = case["value"]
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    configured = content if not file else yaml.safe_load(Path("config/config.yaml").read_text(encoding="utf-8"))
    with pytest.raises(StudyError) as refused:
        load_study(configured)
    assert case["says"] in str(refused.value) and "\n\n" not in str(refused.value)
