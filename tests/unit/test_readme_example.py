"""The README's example runs on a model that is not ours, and prints what the README says."""

import os
import re
import subprocess
import sys

from helpers.project import ROOT


def test_the_example_prints_what_the_readme_says():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code, said = re.search(r"<!-- example -->\n```python\n(.*?)```.*?```text\n(.*?)```", readme, re.S).groups()
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow"), "OMP_NUM_THREADS": "1"}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert ran.returncode == 0, ran.stderr
    # Numbers differ in the last digit between processors.
    number = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
    assert re.sub(number, "#", ran.stdout) == re.sub(number, "#", said)
    found, written = ([float(value) for value in re.findall(number, text)] for text in (ran.stdout, said))
    assert all(abs(a - b) <= 0.1 * abs(b) + 0.011 for a, b in zip(found, written, strict=True))
