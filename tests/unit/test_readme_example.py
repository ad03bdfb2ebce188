"""The README's example runs on a model that is not ours, and prints what the README says."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"


def run(marker):
    """What the example behind a marker prints, and what the README says that it does."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code, said = re.search(rf"<!-- {marker} -->\n```python\n(.*?)```.*?```text\n(.*?)```", readme, re.S).groups()
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow"), "OMP_NUM_THREADS": "1"}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout, said


def test_the_example_of_a_residual_network_prints_what_the_readme_says():
    printed, said = run("residual example")
    assert re.sub(NUMBER, "#", printed) == re.sub(NUMBER, "#", said)
    *_, branch, whole = (float(share) for share in re.findall(r"(\d+)%", printed))
    assert whole == 100 and 0 < branch < 100  # a patch of everything that passes through carries everything


def test_the_example_prints_what_the_readme_says():
    printed, said = run("example")
    # Numbers differ in the last digit between processors.
    assert re.sub(NUMBER, "#", printed) == re.sub(NUMBER, "#", said)
    found, written = ([float(value) for value in re.findall(NUMBER, text)] for text in (printed, said))
    assert 0 < found[-1] < 1e-3  # the gap of a complete method
    assert all(
        abs(a - b) <= 0.1 * abs(b) + 0.011
        for a, b in zip(found[:1] + found[2:], written[:1] + written[2:], strict=True)
    )
