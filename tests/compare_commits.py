"""CPU seconds of every stage of three runs, from data to the page of each, here and at another commit.

python tests/compare_commits.py COMMIT [REPEATS]

The two take turns (three times if not told), each in a folder of its own, with the packages of this environment, so that
a busy machine slows both. Prints the median of each stage, of Snakemake itself and of everything, and the ratio; keeps
nothing. The stages of a commit measure what that commit defines: where a newer one finds fewer jumps, phase 2 has fewer
windows to look at.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
SHEET = """experiment\tarchitecture\tdataset
mlp_medium-digits\tmlp_medium\tdigits
cnn_medium-digits\tcnn_medium\tdigits
transformer_medium-docstrings\ttransformer_medium\tdocstrings
"""
SETTINGS = ["experiments=compared.tsv", "results=compared"]
PAGES = [f"compared/report/runs/{line.split()[0]}-seed0.html" for line in SHEET.splitlines()[1:]]
# Logs by the name of their folder; what is drawn or written for readers is one stage.
STAGES = {"train": "training", "jumps": "phase 1", "phase1": "phase 1", "phase2": "phase 2"}
DRAWN, OTHER = "figures and pages", "data"


def main():
    commit, repeats = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with tempfile.TemporaryDirectory() as folder:
        folders = {name: Path(folder, name) for name in ("there", "here")}
        for name, at in (("there", commit), ("here", "HEAD")):
            subprocess.run(["git", "clone", "--quiet", "--no-checkout", ROOT, folders[name]], check=True)
            subprocess.run(["git", "-C", folders[name], "checkout", "--quiet", "--detach", at], check=True)
            (folders[name] / "compared.tsv").write_text(SHEET, encoding="utf-8")
        times = {name: [] for name in folders}
        for _ in range(repeats):
            for name, place in folders.items():
                times[name].append(study(place))
                print(f"{name}: {sum(times[name][-1].values()):.0f} CPU s", file=sys.stderr, flush=True)
    print(f"{'stage':22}{commit[:10]:>12}{'here':>10}{'ratio':>8}")
    for stage in [*times["here"][0], "everything"]:
        there, here = (median(total(each, stage) for each in times[name]) for name in folders)
        print(f"{stage:22}{there:12.1f}{here:10.1f}{here / there:8.3f}")


def total(seconds: dict[str, float], stage: str) -> float:
    return sum(seconds.values()) if stage == "everything" else seconds[stage]


def study(place: Path) -> dict[str, float]:
    """CPU seconds of each stage, everything made from nothing."""
    subprocess.run(["rm", "-rf", place / "compared", place / ".snakemake"], check=True)
    before = os.times()
    command = [sys.executable, "-m", "snakemake", *PAGES, "--cores", "1", "--config", *SETTINGS]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True)
    after = os.times()
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed in {place}:\n{done.stderr[-3000:]}")
    seconds = dict.fromkeys((*STAGES.values(), DRAWN, OTHER), 0.0)
    logs = place / "compared/logs"
    for log in logs.rglob("*.log"):
        found = re.findall(r"took ([\d.]+) CPU seconds", log.read_text(encoding="utf-8", errors="replace"))
        seconds[stage_of(log.relative_to(logs).parts[0])] += float(found[-1]) if found else 0.0
    spent = sum(getattr(after, kind) - getattr(before, kind) for kind in ("children_user", "children_system"))
    return {**seconds, "Snakemake": spent - sum(seconds.values())}


def stage_of(name: str) -> str:
    return DRAWN if name in ("heatmap", "run_page") or name.startswith("figure_") else STAGES.get(name, OTHER)


if __name__ == "__main__":
    main()
