"""Print what tracking costs per family, and what a finished study cost; or compare. One thread."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import torch
import yaml

from common.arguments import to_path, whole
from common.costs import read_costs
from common.files import read_json, readable_errors, write_arrays, write_parquet
from repdyn.datasets import to_arrays
from repdyn.datasets.registry import load
from repdyn.errors import StudyError
from repdyn.training.devices import make_deterministic
from repdyn.training.loop import Recipe, initialise, make_optimizer, standardise, train_steps
from repdyn.training.tracker import Tracker, evaluating, make_probe

# Steps per timing: slow networks need fewer for the same precision.
STEPS = {"mlp": 1000, "cnn": 200, "transformer": 100}
OURS = ("untracked", "bare", "tracked")
THEIRS = ("untracked", "ndtracker_32", "ndtracker_256", "tracked")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=to_path, default=Path("config/config.yaml"))
    parser.add_argument("--dataset", default="digits", help="an image dataset of the configuration")
    parser.add_argument(
        "--repeats", type=whole(1), default=3, help="timings of each kind, interleaved; the fastest counts"
    )
    parser.add_argument("--networks", nargs="*", help="of config/architectures.yaml; all of them unless given")
    other = parser.add_mutually_exclusive_group()
    other.add_argument(
        "--against", type=to_path, help="a checkout of this repository: compare whole training jobs with it"
    )
    other.add_argument("--ndtracker", action="store_true", help="compare with ndtracker, if this Python has it")
    parser.add_argument(
        "--steps", type=whole(1), help="steps of a training job; those of the configuration unless given"
    )
    other.add_argument(
        "--studies", type=to_path, nargs=2, metavar=("THERE", "HERE"), help="compare the jobs of two results folders"
    )
    parser.add_argument(
        "--record", type=to_path, help="Parquet file for the table, from which the report takes the floor"
    )
    arguments = parser.parse_args()
    if arguments.studies:
        compare_studies(*arguments.studies)
        return
    config = yaml.safe_load(arguments.config.read_text())
    make_deterministic()
    options = yaml.safe_load(Path(config["datasets"]).read_text())[arguments.dataset]["options"]
    data = load(arguments.dataset, config["data_seed"], **options)
    networks = yaml.safe_load(Path(config["architectures"]).read_text())
    if unknown := set(arguments.networks or ()) - set(networks):
        raise StudyError(f"no network {min(unknown)} in {config['architectures']}; there are {', '.join(networks)}")
    chosen = {name: networks[name] for name in arguments.networks or networks}
    if arguments.against:
        compare(arguments.against, chosen, data, config, arguments.steps, arguments.repeats)
    elif arguments.ndtracker:
        print("CPU seconds of a whole run; ndtracker on the 32 rows of the batch, on 256 of the probe; ours on 256")
        show(chosen, lambda network: timings(network, data, config, arguments.repeats, THEIRS), no_ratios)
    else:
        print("CPU seconds of a whole run; ratio = tracked / (untracked training + bare forward passes of the probe)")
        tables = show(chosen, lambda network: timings(network, data, config, arguments.repeats, OURS), cost_of_tracking)
        if arguments.record:
            record(tables, config["training"]["steps"], arguments.record)
        finished(Path(config["results"]))


def show(networks: dict, measure: Callable[[dict], dict[str, float]], with_ratios: Callable) -> list[pd.DataFrame]:
    """Print a table per family, a row per network and their sum; return them."""
    tables = []
    for family in STEPS:
        rows = {name: measure(network) for name, network in networks.items() if network["family"] == family}
        if rows:
            table = pd.DataFrame(rows).T.replace(float("inf"), float("nan"))
            table.loc[f"{family}, all"] = table.sum()
            tables.append(with_ratios(table))
            print(tables[-1].round(3).to_string(), flush=True)
    return tables


def record(tables: list[pd.DataFrame], steps: int, path: Path) -> None:
    """Keep what the report needs: network, steps, floor and tracked, a row per network."""
    rows = pd.concat([table.iloc[:-1] for table in tables]).rename(columns={"untracked + bare": "floor"})
    rows = rows[["floor", "tracked"]].rename_axis("network").reset_index()
    write_parquet(path, rows.assign(steps=steps))


# What a rule belongs to in the comparison of studies; all others draw figures and write pages.
STAGES = {"train": "training", "phase2": "phase 2", "dataset": "data", "battery": "audit", "validity": "audit"}


def compare_studies(there: Path, here: Path) -> None:
    """CPU seconds of the jobs that two studies have in common, by what their logs say: per rule, and in all."""
    names = {path.relative_to(there / "logs") for path in (there / "logs").rglob("*.log")}
    common = sorted(name for name in names if (here / "logs" / name).is_file())
    if not common:
        raise StudyError(f"{there} and {here} have no job in common: two results folders of one study are needed")
    jobs = pd.DataFrame({"rule": [name.parts[0].removesuffix(".log") for name in common]})
    for where, root in (("there", there), ("here", here)):
        jobs[where] = read_costs([root / "logs" / name for name in common])["cpu_seconds"]
    jobs = jobs.dropna()
    jobs["stage"] = jobs["rule"].map(STAGES).fillna("figures, pages, phase 1 and tables")
    for by in (["stage", "rule"], ["stage"]):
        table = jobs.groupby(by).agg(jobs=("there", "size"), there=("there", "sum"), here=("here", "sum"))
        print(table.assign(ratio=table["here"] / table["there"]).round(3).to_string(), flush=True)


def no_ratios(table: pd.DataFrame) -> pd.DataFrame:
    return table


def cost_of_tracking(table: pd.DataFrame) -> pd.DataFrame:
    table["ratio"] = table["tracked"] / table["bare"]
    table["tracked / untracked"] = table["tracked"] / table["untracked"]
    return table.rename(columns={"bare": "untracked + bare"})


def timings(architecture: dict, data, config: dict, repeats: int, modes: tuple[str, ...]) -> dict[str, float]:
    """Fastest of the repeats of each mode, in CPU seconds for the configured number of steps."""
    steps = STEPS[architecture["family"]]
    fastest = dict.fromkeys(modes, float("inf"))
    for _ in range(repeats):
        for mode in modes:
            fastest[mode] = min(fastest[mode], seconds(architecture, data, config, steps, mode))
    return {mode: value * config["training"]["steps"] / steps for mode, value in fastest.items()}


def seconds(architecture: dict, data, config: dict, steps: int, mode: str) -> float:
    """CPU seconds of `steps` steps."""
    every = config["tracking"]["every"]
    recipe = Recipe(("benchmark", 0), steps, config["training"]["batch_size"], config["training"]["learning_rate"])
    shape = {"kind": data.kind, "shape": data.shape, "classes": len(data.classes), "vocabulary": len(data.vocabulary)}
    model = initialise(architecture, recipe, **shape)
    optimizer = make_optimizer(model, recipe)
    inputs = standardise({split: torch.from_numpy(values) for split, values in data.inputs.items()})
    tensors = {split: (inputs[split], torch.from_numpy(labels)) for split, labels in data.labels.items()}
    probe = make_probe(*tensors["probe"], chunk=model.chunk, token_limit=config["tracking"]["token_limit"])
    tracker = Tracker(model, probe, config["tracking"]["spectrum_every"])
    theirs = their_tracker(model) if mode.startswith("ndtracker") else None
    began = time.process_time()
    for step, loss in train_steps(model, optimizer, *tensors["train"], recipe):
        if step % every:
            continue
        if mode == "tracked":
            tracker.measure(step, loss)
        if mode == "bare":
            with torch.inference_mode(), evaluating(model):
                for chunk in probe.inputs:
                    model(chunk)
        if mode == "ndtracker_256":
            with torch.inference_mode(), evaluating(model):
                model(tensors["probe"][0])
        if theirs:
            theirs.log(step, loss)
    if mode == "tracked":
        tracker.tables()
    took = time.process_time() - began
    if theirs:
        # It logs what it cannot measure, and goes on.
        measured = {len(table) for table in theirs.get_results().values()}
        theirs.close()
        return took if measured == {steps // every + 1} else float("inf")
    return took


def their_tracker(model):
    """ndtracker on the layers that we track; what it measures is taken from the last forward pass."""
    try:
        from ndt import HighFrequencyTracker
    except ImportError as error:
        raise StudyError(
            "this Python has no ndtracker: make an environment of its own from envs/requirements.txt, install ndtracker"
            " there, and run this script with its Python"
        ) from error
    layers = [model.get_submodule(name) for name in model.tracked]
    return HighFrequencyTracker(model, layers, list(model.tracked), enable_jump_detection=False)


def compare(other: Path, networks: dict, data, config: dict, steps: int | None, repeats: int) -> None:
    """Whole training jobs, imports included, of another checkout and of this one."""
    checkouts = {"there": other.resolve(), "here": Path(__file__).resolve().parents[2]}
    steps = steps or config["training"]["steps"]
    print(
        f"training jobs of {steps} steps on {data.name}: CPU seconds, and peak memory in MB; there: {checkouts['there']}"
    )
    with TemporaryDirectory() as folder:
        write_arrays(Path(folder, "data.safetensors"), *to_arrays(data))

        def measure(network):
            row = {"there": float("inf"), "here": float("inf"), "MB there": 0.0, "MB here": 0.0}
            for _ in range(repeats):
                for where, checkout in checkouts.items():
                    cpu, memory = job(checkout, network, config, steps, Path(folder))
                    row[where] = min(row[where], cpu)
                    row[f"MB {where}"] = max(row[f"MB {where}"], memory)
            return row

        show(networks, measure, against)


def against(table: pd.DataFrame) -> pd.DataFrame:
    memory = table.columns[table.columns.str.startswith("MB")]
    table.loc[table.index[-1], memory] = table[memory].iloc[:-1].max()
    return table.assign(ratio=table["here"] / table["there"])


def job(checkout: Path, network: dict, config: dict, steps: int, folder: Path) -> tuple[float, float]:
    """CPU seconds and peak memory, in MB, of a training job of a checkout."""
    options = {
        "--data": folder / "data.safetensors",
        "--experiment": "benchmark",
        "--seed": 0,
        "--architecture-name": "benchmark",
        "--architecture": json.dumps(network),
        "--training": json.dumps(config["training"] | {"steps": steps}),
        "--tracking": json.dumps(config["tracking"]),
        "--checkpoint-every": config["checkpoints"]["every"],
        "--out": folder / "run",
    }
    words = [str(word) for pair in options.items() for word in pair]
    environment = os.environ | {"PYTHONPATH": str(checkout / "workflow")}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, checkout / "workflow/scripts/train.py", *words], env=environment, stdout=log, stderr=log
        )
        _, status, used = os.wait4(process.pid, 0)
    if status:
        raise StudyError(f"a training job of {checkout} failed: {(folder / 'log').read_text()}")
    shutil.rmtree(folder / "run")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def finished(results: Path) -> None:
    """What the runs below a results folder took, from their provenance files."""
    rows = []
    for path in sorted(results.glob("runs/*/seed*/provenance.json")):
        family = read_json(path.with_name("run.json"))["family"]
        took = read_json(path)
        rows.append({"family": family, **{key: took[key] for key in ("wall_seconds", "cpu_seconds", "peak_memory_mb")}})
    if not rows:
        print(f"no finished runs below {results}")
        return
    groups = pd.DataFrame(rows).groupby("family")
    table = groups.agg(runs=("wall_seconds", "size"), wall_s=("wall_seconds", "sum"), cpu_s=("cpu_seconds", "sum"))
    table["peak_memory_mb"] = groups["peak_memory_mb"].max()
    print(table.round(1).to_string())
    print(f"training in all: {table['cpu_s'].sum():.0f} CPU seconds")
    size = sum(file.stat().st_size for file in results.rglob("*") if file.is_file())
    print(f"{results}/: {size / 1e9:.2f} GB")
    began = time.perf_counter()
    plan = subprocess.run([sys.executable, "-m", "snakemake", "-n"], capture_output=True, text=True, env=os.environ)
    idle = "nothing to do" if "Nothing to be done" in plan.stdout + plan.stderr else "there is something to do"
    print(f"snakemake -n: {time.perf_counter() - began:.1f} s, {idle}")


if __name__ == "__main__":
    with readable_errors():
        main()
