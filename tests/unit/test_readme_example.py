"""The examples run on models that are not ours, and print what the documents say."""

import os
import re
import subprocess
import sys

from helpers.project import ROOT

NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"


def printed_by(*command: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow"), "OMP_NUM_THREADS": "1"}
    ran = subprocess.run([sys.executable, *command], capture_output=True, text=True, env=environment)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def numbers(text: str) -> list[float]:
    return [float(value) for value in re.findall(NUMBER, text)]


def test_the_example_prints_what_the_readme_says():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code, said = re.search(r"<!-- example -->\n```python\n(.*?)```.*?```text\n(.*?)```", readme, re.S).groups()
    printed = printed_by("-c", code)
    # Numbers differ in the last digit between processors.
    assert re.sub(NUMBER, "#", printed) == re.sub(NUMBER, "#", said)
    assert all(abs(a - b) <= 0.1 * abs(b) + 0.011 for a, b in zip(numbers(printed), numbers(said), strict=True))


def test_the_example_of_a_residual_network_prints_what_its_document_says():
    said = re.search(r"```text\n(.*?)```", (ROOT / "examples/README.md").read_text(encoding="utf-8"), re.S)[1]
    printed = printed_by(str(ROOT / "examples/residual.py"))
    assert re.sub(NUMBER, "#", printed) == re.sub(NUMBER, "#", said)
    *_, branch, whole = (float(share) for share in re.findall(r"(\d+)%", printed))
    assert whole == 100 and 0 < branch < 100  # a patch of everything that passes through carries everything
