"""Say whether a finished study is whole: every checksum, every checkpoint, ten random steps replayed, every run in its own
folder, every page against its tables. Changes nothing."""

import argparse
import json
import random
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pandas as pd

import guide
import integrated_report
import report
import run_page
import toolkit_page
from common.arguments import to_path, whole
from common.checkpoints import read_checkpoint, replayed
from common.checksum import check
from common.files import read_json, read_page, read_parquet, readable_errors
from common.run_setup import run_settings, set_up
from common.runs import require_own, run_folder
from repdyn.errors import StudyError
from repdyn.figures.registry import RUN, STUDY

REPLAYED = 10
FOR_TASKS = ("recurrent", "organisms")  # folders of networks that are trained for a task
TOOLKIT = (toolkit_page.CONTENTS, *toolkit_page.FAMILIES)
GUIDE = "guide.html"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=to_path, required=True, help="folder of the finished study")
    parser.add_argument("--sheet", type=to_path, required=True, help="sample sheet of the whole study")
    parser.add_argument("--seeds", type=whole(1), required=True)
    parser.add_argument("--pages", type=whole(1), required=True, help="how many seeds of an experiment have a page")
    parser.add_argument("--claims", type=to_path, required=True, help="config/claims.yaml")
    parser.add_argument("--published", type=to_path, required=True, help="data/published/series.csv")
    parser.add_argument("--published-errors", type=to_path, required=True, help="data/published/verdict_errors.csv")
    parser.add_argument("--of-runs", nargs="+", required=True, help="names of the files of a run")
    parser.add_argument("--of-study", nargs="+", required=True, help="names of the tables of the study")
    parser.add_argument("--evidence", nargs="+", required=True, help="those of them on the page")
    parser.add_argument("--inside", nargs="+", required=True, help="those of them on the page, of phase 2")
    parser.add_argument("--integrated", nargs="+", required=True, help="those of them in the integrated report")
    parser.add_argument("--toolkit", type=to_path, nargs="*", default=[], help="<run>/toolkit/<tool>.parquet, by tool")
    parser.add_argument("--recipes", type=to_path, nargs="+", required=True, help="scripts (.py) that the guide shows")
    arguments = parser.parse_args()
    root = arguments.results
    table = root / "study/experiments.parquet"
    if not table.is_file():
        raise StudyError(
            f"{root} holds no finished study: {table} is missing. Run the study first: snakemake --cores 2"
        )
    experiments = read_parquet(table)
    runs = [run_folder(root / "runs", run.experiment, run.seed) for run in experiments.itertuples()]
    for_tasks = [file.parent for kind in FOR_TASKS for file in sorted((root / kind).glob("*/seed*/checkpoints.json"))]
    wrong: dict[str, None] = {}
    files = files_of(root)
    missing = expected(arguments, experiments, runs) - set(files)
    wrong |= dict.fromkeys(f"{path} is missing; the same command makes it again" for path in sorted(missing))
    attempts = {
        "files": [(check, path) for path in files],
        "checkpoints": [(read_checkpoint, *each) for run in [*runs, *for_tasks] for each in checkpoints_of(run, wrong)],
        "replayed steps": [(replay, *each, root) for each in drawn(runs, wrong)],
        "pages": pages_of(arguments, experiments, runs),
    }
    tried(wrong, require_own, runs)
    for attempt in (attempt for each in attempts.values() for attempt in each):
        tried(wrong, *attempt)
    if wrong:
        raise StudyError(
            f"{root} is not whole, in {len(wrong)} places.\n"
            + "\n".join(wrong)
            + "\nA file that has been deleted and that"
            " no other needs is made again where it is named: snakemake --cores 1 FILE."
        )
    print(f"{root} is whole: " + ", ".join(f"{len(each):,} {name}" for name, each in attempts.items()) + ".")


def tried(wrong: dict[str, None], function: Callable, *arguments):
    """What the function returns; None, and its sentence in `wrong`, where it refuses."""
    try:
        return function(*arguments)
    except StudyError as error:
        wrong[str(error)] = None
    except FileNotFoundError as error:
        wrong[f"{error.filename} is missing; the same command makes it again"] = None
    return None


def files_of(root: Path) -> list[Path]:
    """All that steps have written and that carries a checksum."""
    folders = [root / name for name in ("data", "runs", *FOR_TASKS, "study", "toolkit", "figures", "report")]
    found = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path for path in found if path.parent.name != "checkpoints" and not path.name.startswith(".")]


def expected(arguments: Namespace, experiments: pd.DataFrame, runs: list[Path]) -> set[Path]:
    root = arguments.results
    files = {root / "study" / name for name in arguments.of_study}
    files |= {root / "figures" / f"{name}{kind}" for name in STUDY for kind in (".png", ".svg", ".webp")}
    files |= {root / "report" / name for name in ("index.html", "integrated_report.json", "integrated_report.md")}
    if (root / "report" / toolkit_page.CONTENTS).is_file():
        files |= {root / "report" / name for name in (*TOOLKIT, GUIDE)}
    for run, family, dataset in zip(runs, experiments["family"], experiments["dataset"], strict=True):
        files |= {run / name for name in arguments.of_runs}
        files |= {run / f"{name}{kind}" for name in figures_of(family) for kind in (".png", ".svg", ".webp")}
        files.add(root / "data" / f"{dataset}.safetensors")
    return files


def figures_of(family: str) -> list[str]:
    return [name for name, figure in RUN.items() if family in figure.families]


def checkpoints_of(run: Path, wrong: dict[str, None]) -> list[tuple[Path, int, dict]]:
    """What `read_checkpoint` takes, for every checkpoint of a run."""
    listed = tried(wrong, read_json, run / "checkpoints.json") or {}
    return [(run, int(step), listed) for step in listed]


def drawn(runs: list[Path], wrong: dict[str, None]) -> list[tuple[Path, int]]:
    """Runs and steps at which training recorded a loss, others each time."""
    chosen = random.SystemRandom().choices(runs, k=REPLAYED)
    tables = {run: tried(wrong, read_parquet, run / "training.parquet", ["step"]) for run in chosen}
    return [(run, random.choice(tables[run]["step"].tolist())) for run in chosen if tables[run] is not None]


def replay(run: Path, step: int, root: Path) -> None:
    """StudyError unless a step, trained again from the checkpoint before it, has the recorded loss."""
    facts, settings = read_json(run / "run.json"), read_json(run / "provenance.json")["settings"]
    setup = set_up(Namespace(**settings, data=root / "data" / f"{facts['dataset']}.safetensors"))
    replayed(run, setup, [step], run_settings(Namespace(**settings), setup.device))


def pages_of(arguments: Namespace, experiments: pd.DataFrame, runs: list[Path]) -> list[tuple]:
    """(compare, page, function that makes it, its arguments) of every page."""
    root, study = arguments.results, arguments.results / "study"
    numbers = Namespace(
        runs=root / "runs",
        sheet=arguments.sheet,
        seeds=arguments.seeds,
        claims=arguments.claims,
        experiments=study / "experiments.parquet",
        tables=[study / name for name in arguments.integrated],
        types=study / "jump_types.json",
    )
    contents = root / "report" / toolkit_page.CONTENTS
    index = Namespace(
        experiments=study / "experiments.parquet",
        runs_root=root / "runs",
        sheet=arguments.sheet,
        pages=arguments.pages,
        figures=[root / "figures" / f"{name}.webp" for name in STUDY],
        evidence=[study / name for name in arguments.evidence],
        inside=[study / name for name in arguments.inside],
        claims=arguments.claims,
        published=[arguments.published],
        published_errors=arguments.published_errors,
        shipped=None,  # README.md may have been written again since
        # Its sections on costs are left out: they are made of logs, which go on being written.
        logs=root / "logs",
        stages={},
        benchmark=None,
        led_to=contents if contents.is_file() else None,
    )
    compared = [
        (compare_json, root / "report/integrated_report.json", integrated_report.made, numbers),
        (compare, root / "report/index.html", report.made, index),
    ]
    for run, family, seed in zip(runs, experiments["family"], experiments["seed"], strict=True):
        if seed < arguments.pages:
            page = root / "report/runs" / f"{run.parent.name}-{run.name}.html"
            compared.append((compare, page, run_page.made, run, [run / f"{name}.webp" for name in figures_of(family)]))
    if contents.is_file():
        tools = dict.fromkeys(file.stem for file in arguments.toolkit)
        figures = [root / "figures/toolkit" / f"{tool}.webp" for tool in tools]
        calibration = [root / "toolkit" / name for name in ("calibration.parquet", "calibration_seconds.json")]
        made_of = (arguments.toolkit, figures, arguments.pages, *calibration)
        compared += [(compare, root / "report" / name, toolkit_page.made, name, *made_of) for name in TOOLKIT]
        compared.append((compare, root / "report" / GUIDE, guide.made, *calibration, list(tools), arguments.recipes))
    return compared


def compare(page: Path, made: Callable[..., str], *arguments) -> None:
    """StudyError unless every line that the tables give now stands on the page, in order."""
    lines = iter(read_page(page).splitlines())
    for line in made(*arguments).splitlines():
        if line not in lines:
            raise StudyError(f"{page} does not say what the tables give: {line.strip()[:100]!r}. Delete {page}")


def compare_json(page: Path, made: Callable[..., dict], *arguments) -> None:
    if read_json(page) != json.loads(json.dumps(made(*arguments))):
        raise StudyError(f"{page} does not hold the numbers of the tables. Delete {page}")


if __name__ == "__main__":
    with readable_errors():
        main()
