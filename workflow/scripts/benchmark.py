"""Print what tracking costs per family, and what a finished study cost. One thread; nothing is kept."""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import torch
import yaml

from common.files import read_json, readable_errors
from repdyn.datasets.registry import load
from repdyn.training.loop import Recipe, initialise, make_optimizer, standardise, train_steps
from repdyn.training.tracker import Tracker, evaluating, make_probe

MODES = ("untracked", "bare", "tracked")
# Steps per timing: slow networks need fewer for the same precision.
STEPS = {"mlp": 1000, "cnn": 200, "transformer": 100}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=Path("config/config.yaml"))
    parser.add_argument("--dataset", default="digits", help="an image dataset of the configuration")
    parser.add_argument("--repeats", type=int, default=3, help="timings of each kind, interleaved; the fastest counts")
    parser.add_argument("--families", nargs="*", default=list(STEPS))
    arguments = parser.parse_args()
    config = yaml.safe_load(arguments.config.read_text())
    torch.set_num_threads(1)
    options = yaml.safe_load(Path(config["datasets"]).read_text())[arguments.dataset]["options"]
    data = load(arguments.dataset, config["data_seed"], **options)
    architectures = yaml.safe_load(Path(config["architectures"]).read_text())
    print("seconds for the whole run; ratio = tracked / (untracked training + bare forward passes on the probe)")
    for family in arguments.families:
        names = [name for name, network in architectures.items() if network["family"] == family]
        table = pd.DataFrame({name: timings(architectures[name], data, config, arguments.repeats) for name in names}).T
        table.loc[family + ", all"] = table.sum()
        table["ratio"] = table["tracked"] / table["bare"]
        table["tracked / untracked"] = table["tracked"] / table["untracked"]
        print(table.rename(columns={"bare": "untracked + bare"}).round(3).to_string(), flush=True)
    finished(Path(config["results"]))


def timings(architecture: dict, data, config: dict, repeats: int) -> dict[str, float]:
    """Fastest of the repeats of each mode, in seconds for the configured number of steps."""
    steps = STEPS[architecture["family"]]
    fastest = dict.fromkeys(MODES, float("inf"))
    for _ in range(repeats):
        for mode in MODES:
            fastest[mode] = min(fastest[mode], seconds(architecture, data, config, steps, mode))
    return {mode: value * config["training"]["steps"] / steps for mode, value in fastest.items()}


def seconds(architecture: dict, data, config: dict, steps: int, mode: str) -> float:
    """Wall seconds of `steps` steps."""
    every, spectrum_every = config["tracking"]["every"], config["tracking"]["spectrum_every"]
    recipe = Recipe(("benchmark", 0), steps, config["training"]["batch_size"], config["training"]["learning_rate"])
    shape = {"kind": data.kind, "shape": data.shape, "classes": len(data.classes), "vocabulary": len(data.vocabulary)}
    model = initialise(architecture, recipe, **shape)
    optimizer = make_optimizer(model, recipe)
    inputs = standardise({split: torch.from_numpy(values) for split, values in data.inputs.items()})
    tensors = {split: (inputs[split], torch.from_numpy(labels)) for split, labels in data.labels.items()}
    probe = make_probe(*tensors["probe"], chunk=model.chunk, token_limit=config["tracking"]["token_limit"])
    tracker = Tracker(model, probe, spectrum_every)
    began = time.perf_counter()
    for step, loss in train_steps(model, optimizer, *tensors["train"], recipe):
        if step % every == 0 and mode == "tracked":
            tracker.measure(step, loss)
        if step % every == 0 and mode == "bare":
            with torch.inference_mode(), evaluating(model):
                for chunk in probe.inputs:
                    model(chunk)
    if mode == "tracked":
        tracker.tables()
    return time.perf_counter() - began


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
