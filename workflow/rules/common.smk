"""What all rules share: the checked configuration, the list of runs, and the code that a script runs."""

import json
import re

from dag.config import load_study
from dag.imports import import_closure
from repdyn.datasets.registry import LOADERS
from repdyn.errors import StudyError

try:
    STUDY = load_study(config)
except StudyError as error:
    raise WorkflowError(str(error))

RESULTS = config["results"]
RUN = f"{RESULTS}/runs/{{experiment}}/seed{{seed}}"
# glibc hands large blocks back to the system after every operation; keeping them makes training up to a third faster.
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", "1000000000")
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", "2000000000")
os.environ.setdefault("MALLOC_TOP_PAD_", "67108864")


wildcard_constraints:
    experiment="|".join(map(re.escape, STUDY.experiments)),
    dataset="|".join(STUDY.datasets),
    seed=r"\d+",


def code(name):
    """The step of that name and every project module it imports: the inputs that make a rule rerun when its code changes."""
    return import_closure(f"workflow/scripts/{name}.py", ("workflow/scripts", "workflow"))


def every_run(name):
    """The file of that name of every run."""
    return expand(f"{RUN}/{name}", experiment=STUDY.experiments, seed=range(config["seeds"]))


def section(name, *keys):
    """A slice of the configuration as JSON, for a command line."""
    return json.dumps({key: config[name][key] for key in keys} if keys else config[name])
