"""What all rules share: the checked configuration, the list of runs, and the code that a script runs."""

import json
import re

from snakemake.exceptions import WorkflowError

from dag.config import check_files, load_study
from dag.imports import import_closure
from repdyn.datasets.registry import LOADERS
from repdyn.errors import StudyError

try:
    STUDY = load_study(config)
    if workflow.is_main_process:
        check_files(STUDY)
except StudyError as error:
    raise WorkflowError(str(error))

RESULTS = config["results"]
ENVIRONMENT = "../../envs/environment.yaml"
RUN = f"{RESULTS}/runs/{{experiment}}/seed{{seed}}"


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


def runs_folder(name):
    """The folder of all runs, from the inputs of that name, one file a run."""
    return lambda wildcards, input: str(Path(input[name][0]).parents[2])


def section(name):
    """A section of the configuration as JSON, for a command line."""
    return json.dumps(config[name])


def loader(wildcards):
    """The loader is imported by name, which the import graph cannot show."""
    return import_closure(f"workflow/repdyn/datasets/{LOADERS[wildcards.dataset]}.py", ("workflow",))


def original_files(wildcards):
    """The folder of a dataset that is read from files, as an option of its loader."""
    return {"directory": config["data_dir"]} if STUDY.datasets[wildcards.dataset].get("files") else {}


def architecture(wildcards):
    return STUDY.experiments[wildcards.experiment][0]


def slowness(wildcards):
    """Higher for networks that train longer: started first, so that no core waits for the last one."""
    network = STUDY.architectures[architecture(wildcards)]
    return {"mlp": 0, "cnn": 10, "transformer": 20}[network["family"]] + network.get("layers", 0)
