"""What all rules share: the checked configuration, the list of runs, and the code that a script runs."""

import json
import re
from functools import cache

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger
from snakemake.utils import available_cpu_count

from dag.config import (
    HYPOTHESES,
    check_files,
    complete,
    load_study,
    original_files,
    readers,
    toolkit_experiments,
    toolkit_looks_into,
)
from dag.disk import from_the_future, full, links
from dag.dispatch import pin
from dag.finished import finished, write_sheet
from dag.listing import FOLDER, LOCK, kept, list_code
from repdyn.datasets.docstrings import PACKAGES as DOCUMENTED
from repdyn.datasets.originals import writable
from repdyn.datasets.registry import LOADERS
from repdyn.errors import StudyError
from repdyn.families import FAMILIES
from repdyn.figures.registry import RUN as RUN_FIGURES
from repdyn.figures.registry import STUDY as STUDY_FIGURES
from repdyn.measures import MODULES, modules_for
from repdyn.toolkit import PAGES as TOOLKIT_PAGES
from repdyn.toolkit import ALL_TOOLS, ORGANISMS, RECURRENT, SELF_CONTAINED, TOOLS, TRAINED_FOR_A_TASK, fits_task
from repdyn.toolkit.questions import RECIPES

# As a module of another workflow, and with --directory, Snakemake runs elsewhere.
HERE = Path.cwd() == HOME
if not HERE:
    complete(config, HOME)


def project(path):
    """A file of this project."""
    return path if HERE else str(HOME / path)


def given(path):
    """A file that the configuration names. Elsewhere as a whole path, which the prefix of a module leaves alone."""
    return path if HERE else str(Path(path).absolute())


# That of this module, kept because the functions below are called when others may have been read.
MODIFIER = workflow.modifier.path_modifier


def placed(path):
    """Where the prefix of a module puts a result, for what Snakemake does not look into: parameters and Python."""
    return str(MODIFIER.replace_prefix(path))


try:
    STUDY = load_study(config, Path() if HERE else HOME)
    if workflow.is_main_process:
        for name in check_files(STUDY):
            logger.warning(f"{name} in {config['data_dir']}: not the published original files; used as they are.")
except StudyError as error:
    raise WorkflowError(str(error))

pin(config["dispatch"])
# Of those for networks with a sheet of their own, the ones for whose tasks it has any.
SHEETS = {name: STUDY.organisms if name in ORGANISMS else STUDY.recurrent for name in TRAINED_FOR_A_TASK}
# Of those for the families of the study, the ones for whose families the toolkit looks into any experiment.
TOOLKIT = {name: tool for name, tool in TOOLS.items() if toolkit_looks_into(STUDY, tool.families)}
EVERY_TOOL = TOOLKIT | {
    name: tool
    for name, tool in TRAINED_FOR_A_TASK.items()
    if any(fits_task(name, row["task"]) for row in SHEETS[name].values())
}
EVERY_TOOL |= SELF_CONTAINED if config["toolkit"]["seeds"] else {}
RESULTS = config["results"]
DATA = given(Path(config["data_dir"]).as_posix())
ENVIRONMENT = "../../envs/environment.yaml"
FIGURES = f"{RESULTS}/figures"
PAGES = project("workflow/repdyn/report")
REPORTED = STUDY.experiments
SHEET = given(config["experiments"])
if config["partial"]:
    REPORTED = {name: STUDY.experiments[name] for name in finished(placed(RESULTS), STUDY.experiments, config["seeds"])}
    SHEET = given(placed(f"{RESULTS}/finished.tsv"))
    if not REPORTED:
        raise WorkflowError(
            f"partial is true, and no experiment has finished in {placed(RESULTS)}; run without it first."
        )
    if workflow.is_main_process:
        write_sheet(SHEET, REPORTED)
# Asked for only where it is needed: with auto a job takes what its machine has.
GPU = {"gpu": 1} if config["device"] == "cuda" else {}
RUN = f"{RESULTS}/runs/{{experiment}}/seed{{seed}}"
RECURRENT_RUN = f"{RESULTS}/recurrent/{{network}}/seed{{seed}}"
ORGANISM_RUN = f"{RESULTS}/organisms/{{organism}}/seed{{seed}}"
SELF_CONTAINED_RUN = f"{RESULTS}/toolkit/{{tool}}/seed{{seed}}"


wildcard_constraints:
    experiment="|".join(map(re.escape, STUDY.experiments)),
    dataset="|".join(map(re.escape, STUDY.datasets)),
    seed=r"\d+",


def code(name):
    """The step of that name, and the list of the modules and packages it imports: a rule reruns when that changes."""
    script = f"workflow/scripts/{name}.py"
    return [project(script), code_list(name, (script,), ("workflow/scripts", "workflow"))]


@cache
def code_list(name, scripts, roots=("workflow",), packages=()):
    """Written by the Snakemake process that plans; those that only run a job on a cluster find it there."""
    if not workflow.is_main_process:
        return given(f"{FOLDER}/{name}.txt")
    scripts, roots = (tuple(map(project, paths)) for paths in (scripts, roots))
    return given(list_code(name, scripts, roots, packages, Path() if HERE else HOME))


def every_run(name, families=FAMILIES):
    """The file of that name of every run that is reported on, or of those of some families.

    An input function, because Snakemake hashes a list that stands in a rule once for every file in it.
    """
    chosen = [
        experiment
        for experiment, (name_of_network, _) in REPORTED.items()
        if STUDY.architectures[name_of_network]["family"] in families
    ]
    files = expand(f"{RUN}/{name}", experiment=chosen, seed=range(config["seeds"]))
    return lambda wildcards: files


def run_pages(wildcards):
    """The pages of runs: of the first seeds of every experiment that is reported on."""
    seeds = range(min(config["seeds"], config["pages"]))
    return expand(rules.run_page.output, experiment=REPORTED, seed=seeds)


def timed_networks():
    """What `snakemake benchmark` left, if it was run: the report waits for no benchmark."""
    table = placed(f"{RESULTS}/benchmark.parquet")
    return [f"{RESULTS}/benchmark.parquet"] if Path(table).is_file() else []


def led_to():
    """A file that names the guide once it is there, or asked for with the toolkit: the index leads to it then.

    No input of the index, which waits for no toolkit. Written by the process that plans, like the lists of code.
    """
    name = re.sub(r"\W", "_", f"led_to_{RESULTS}")
    if not workflow.is_main_process:
        return given(f"{FOLDER}/{name}.txt")
    there = "toolkit" in sys.argv or Path(placed(f"{RESULTS}/report/guide.html")).is_file()
    return given(kept(name, "guide.html\n" if there else "", [project(LOCK)]))


def templates(*names):
    """The templates of a page, and those that every page is built on."""
    return [f"{PAGES}/templates/{name}.html.j2" for name in (*names, "base", "macros", "script")]


def captions(kind, figures):
    """The captions of figures of the study or of runs."""
    return [project(f"workflow/repdyn/figures/{kind}/{name}/caption.rst") for name in figures]


def study_figure(name):
    """A figure of the study in three formats; the first is shown by `snakemake --report` too."""
    shown = report(
        f"{FIGURES}/{name}.webp",
        caption=f"../repdyn/figures/study/{name}/caption.rst",
        category="Study",
        labels={"figure": STUDY_FIGURES[name].title},
    )
    return [shown, *multiext(f"{FIGURES}/{name}", ".png", ".svg")]


def figure_data():
    """The tables that figures of the study are drawn from and that the page offers, beside those that it shows."""
    drawn = [f"{RESULTS}/study/{figure.data}" for figure in STUDY_FIGURES.values() if figure.data]
    others = expand(f"{RESULTS}/study/{{name}}.parquet", name=["claim_numbers", "claim_terms", "contrasts"])
    return [*drawn, *others]


def run_figure(name):
    """A figure of a run, likewise."""
    shown = report(
        f"{RUN}/{name}.webp",
        caption=f"../repdyn/figures/run/{name}/caption.rst",
        category="Runs",
        subcategory="{experiment}",
        labels={"figure": RUN_FIGURES[name].title, "seed": "{seed}"},
    )
    return [shown, *multiext(f"{RUN}/{name}", ".png", ".svg")]


def table(name):
    """A table of the study, listed by `snakemake --report`."""
    return report(f"{RESULTS}/study/{name}", category="Tables", labels={"table": name})


def figures_of_run(family):
    """The names of the figures of a run: those of every family and those of its own."""
    return [name for name, figure in RUN_FIGURES.items() if family in figure.families]


def run_figures(wildcards):
    return expand(f"{RUN}/{{name}}.webp", name=figures_of_run(network(wildcards)["family"]), allow_missing=True)


def run_page_files(wildcards):
    return templates("run") + captions("run", figures_of_run(network(wildcards)["family"]))


def runs_folder(wildcards):
    """The folder of all runs, for steps that read a file of each."""
    return placed(f"{RESULTS}/runs")


def section(name):
    """A section of the configuration as JSON, for a command line."""
    return json.dumps(config[name])


def loader_code(dataset):
    """The loader is imported by name, which the import graph cannot show. Of a user's own dataset, its file."""
    described = STUDY.datasets[dataset]
    if "file" in described:
        return own_code(f"own_dataset_{dataset}", described["file"])
    name = LOADERS[dataset]
    read = tuple(DOCUMENTED.values()) if name == "docstrings" else ()
    return code_list(f"dataset_{name}", (f"workflow/repdyn/datasets/{name}.py",), packages=read)


def own_code(name, file):
    """A user's own file: itself if it holds arrays, of a Python file the list of it and of those beside it that it imports."""
    file = given(file)
    return code_list(name, (file,), (str(Path(file).parent),)) if file.endswith(".py") else file


def measures_code(family):
    """The measures that fit a family, likewise imported by name."""
    return code_list(f"measures_{family}", tuple(f"workflow/repdyn/measures/{name}.py" for name in modules_for(family)))


# Written before the graph is planned: Snakemake looks only once at what a folder holds.
LOADER_CODE = {dataset: loader_code(dataset) for dataset in STUDY.datasets}
MEASURES_CODE = {family: measures_code(family) for family in FAMILIES}
OWN_NETWORKS = {
    name: own_code(f"own_network_{name}", described["file"])
    for name, described in STUDY.architectures.items()
    if described["family"] == "module" and any(name == used for used, _ in STUDY.experiments.values())
}


def own_network(wildcards):
    """The code of a user's own network, none of ours."""
    return OWN_NETWORKS.get(architecture(wildcards), [])


def loader(wildcards):
    return LOADER_CODE[wildcards.dataset]


def measures(wildcards):
    return MEASURES_CODE[network(wildcards)["family"]]


def originals(wildcards):
    """The original files of a dataset, if it has any: where they lie, or where they will be downloaded to."""
    found = original_files(STUDY, wildcards.dataset)
    return [given(path.as_posix()) if path else f"{DATA}/{wildcards.dataset}/{file}" for file, path in found.items()]


def missing():
    """The original files that are not there, as <dataset>/<file>."""
    files = {name: original_files(STUDY, name) for name in STUDY.datasets}
    return [f"{name}/{file}" for name, found in files.items() for file, path in found.items() if path is None]


def loader_options(wildcards):
    """The options of a dataset's loader as JSON, with the folder of its original files if it has any."""
    data = STUDY.datasets[wildcards.dataset]
    if "file" in data:
        return "{}"
    return json.dumps(data["options"] | ({"directory": DATA} if data.get("files") else {}))


def own_dataset(wildcards):
    """Where a user's own dataset comes from as JSON, null for one of ours."""
    data = STUDY.datasets[wildcards.dataset]
    return json.dumps({key: value for key, value in data.items() if key != "kind"} if "file" in data else None)


def architecture(wildcards):
    return STUDY.experiments[wildcards.experiment][0]


def memory(megabytes):
    """Memory of a job, doubled each time it is tried again."""
    return lambda wildcards, attempt: megabytes * 2 ** (attempt - 1)


def network(wildcards):
    """The description of a run's network."""
    return STUDY.architectures[architecture(wildcards)]


def slowness(wildcards):
    """Higher for networks that train longer: started first, so that no core waits for the last one."""
    described = network(wildcards)
    by_depth = described["layers"] if described["family"] == "transformer" else 0
    return {"mlp": 0, "cnn": 10, "transformer": 20, "module": 20}[described["family"]] + by_depth


def figure_code(kind, name, part):
    """A module of a figure of the study or of runs (figure, data), imported by name, which the import graph cannot show."""
    return code_list(f"figure_{kind}_{name}_{part}", (f"workflow/repdyn/figures/{kind}/{name}/{part}.py",))


def tool_code(tool, part):
    """A module of a tool (measure, findings, figure), imported by name, which the import graph cannot show."""
    return code_list(f"toolkit_{tool}_{part}", (f"workflow/repdyn/toolkit/{tool}/{part}.py",))


def first_seed(wildcards):
    """What a tool that compares seeds found in the first one, for the others."""
    if not TOOLKIT[wildcards.tool].across or int(wildcards.seed) == 0:
        return []
    return f"{RESULTS}/runs/{wildcards.experiment}/seed0/toolkit/{wildcards.tool}.safetensors"


def facts_of_tool(tool):
    """What training recorded of every run that a tool looks into."""
    return of_tool(tool, "run.json")


def looked_into(tool, suffix):
    """The files of a tool for every run that it looks into."""
    return of_tool(tool, f"toolkit/{tool}{suffix}")


def of_tool(tool, name):
    """The file of that name of every run, recurrent network or organism that a tool looks into, or of its own seeds."""
    if tool in SELF_CONTAINED:
        seeds = 1 if SELF_CONTAINED[tool].once else config["toolkit"]["seeds"]
        return expand(f"{SELF_CONTAINED_RUN}/{name}", tool=tool, seed=range(seeds))
    if tool in SHEETS:
        run = ORGANISM_RUN if tool in ORGANISMS else RECURRENT_RUN
        return [
            f"{run}/{name}".format(network=network, organism=network, seed=seed)
            for network, row in SHEETS[tool].items()
            if fits_task(tool, row["task"])
            for seed in range(row["seeds"])
        ]

    def files(wildcards):
        try:
            chosen = toolkit_experiments(STUDY, TOOLKIT[tool].families)
        except StudyError as error:
            raise WorkflowError(str(error))
        return expand(f"{RUN}/{name}", experiment=chosen, seed=range(config["seeds"]))

    return files


def toolkit_tables(wildcards):
    """Those of the toolkit's page, if there is one."""
    if not Path(placed(f"{RESULTS}/report/toolkit.html")).is_file():
        return []
    found = [placed(file) for tool in TOOLKIT for file in looked_into(tool, ".parquet")(wildcards)]
    others = [tool for tool in EVERY_TOOL if tool not in TOOLKIT]
    return found + [placed(file) for tool in others for file in looked_into(tool, ".parquet")]


def tool_figure(name):
    """The figure of a tool in three formats; the first is shown by `snakemake --report` too."""
    shown = report(
        f"{FIGURES}/toolkit/{name}.webp",
        caption=f"../repdyn/toolkit/{name}/caption.rst",
        category="Toolkit",
        labels={"figure": EVERY_TOOL[name].title},
    )
    return [shown, *multiext(f"{FIGURES}/toolkit/{name}", ".png", ".svg")]
