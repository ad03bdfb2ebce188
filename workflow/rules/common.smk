"""What all rules share: the checked configuration, the list of runs, and the code that a script runs."""

import json
import re

from snakemake.exceptions import WorkflowError

from dag.config import HYPOTHESES, check_files, load_study
from dag.imports import import_closure
from repdyn.datasets.registry import LOADERS
from repdyn.errors import StudyError
from repdyn.measures import modules_for

try:
    STUDY = load_study(config)
    if workflow.is_main_process:
        check_files(STUDY)
except StudyError as error:
    raise WorkflowError(str(error))

RESULTS = config["results"]
ENVIRONMENT = "../../envs/environment.yaml"
FIGURES = f"{RESULTS}/figures"
RUN = f"{RESULTS}/runs/{{experiment}}/seed{{seed}}"


wildcard_constraints:
    experiment="|".join(map(re.escape, STUDY.experiments)),
    dataset="|".join(STUDY.datasets),
    seed=r"\d+",


def code(name):
    """The step of that name and every project module it imports: the inputs that make a rule rerun when its code changes."""
    return import_closure(f"workflow/scripts/{name}.py", ("workflow/scripts", "workflow"))


def every_run(name, families=("mlp", "cnn", "transformer")):
    """The file of that name of every run, or of every run of some families."""
    chosen = [
        experiment
        for experiment, (network, _) in STUDY.experiments.items()
        if STUDY.architectures[network]["family"] in families
    ]
    return expand(f"{RUN}/{name}", experiment=chosen, seed=range(config["seeds"]))


def templates(page):
    """The template of a page and those it is built on."""
    return [f"workflow/repdyn/report/templates/{name}.html.j2" for name in (page, "base", "macros")]


def run_figures(wildcards):
    """The figures on the page of a run: those of every family and those of its own."""
    family = STUDY.architectures[architecture(wildcards)]["family"]
    names = ["heatmap", "moments", "similarity", *{"cnn": ["filters"], "transformer": ["attention"]}.get(family, [])]
    return expand(f"{RUN}/{{name}}.webp", name=names, allow_missing=True)


def runs_folder(wildcards):
    """The folder of all runs, for steps that read a file of each."""
    return f"{RESULTS}/runs"


def section(name):
    """A section of the configuration as JSON, for a command line."""
    return json.dumps(config[name])


def loader(wildcards):
    """The loader is imported by name, which the import graph cannot show."""
    return import_closure(f"workflow/repdyn/datasets/{LOADERS[wildcards.dataset]}.py", ("workflow",))


def measures(wildcards):
    """The measurement modules that fit a run's family, likewise imported by name."""
    names = modules_for(STUDY.architectures[architecture(wildcards)]["family"])
    files = [import_closure(f"workflow/repdyn/measures/{name}.py", ("workflow",)) for name in names]
    return sorted(set().union(*files))


def original_files(wildcards):
    """The folder of a dataset that is read from files, as an option of its loader."""
    return {"directory": config["data_dir"]} if STUDY.datasets[wildcards.dataset].get("files") else {}


def architecture(wildcards):
    return STUDY.experiments[wildcards.experiment][0]


def slowness(wildcards):
    """Higher for networks that train longer: started first, so that no core waits for the last one."""
    network = STUDY.architectures[architecture(wildcards)]
    return {"mlp": 0, "cnn": 10, "transformer": 20}[network["family"]] + network.get("layers", 0)
