"""Trains 55 small networks while tracking the dimensionality of every layer, and reports how it changes."""

import gc
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")

# A graph of thousands of jobs is millions of objects that stay; looking through them for garbage again and again takes
# a sixth of the time.
gc.set_threshold(100_000, 50, 1000)


configfile: "config/config.yaml"


sys.path.insert(0, str(Path(workflow.basedir, "workflow")))

from dag.environment import prepare

prepare(Path(workflow.basedir, "workflow"))


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/phase1.smk"
include: "workflow/rules/phase2.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/run_figures.smk"
include: "workflow/rules/study_figures.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/benchmark.smk"


rule all:
    default_target: True
    input:
        f"{RESULTS}/report/index.html",
        f"{RESULTS}/report/integrated_report.json",


include: "workflow/rules/toolkit.smk"


onstart:
    # A limit of jobs per time, 100 a second unless another is asked for, makes every look for ready jobs set a timer for
    # one more look, so that looks grow with the jobs that have finished until they take minutes of CPU
    # (snakemake/snakemake, pull request 3744). No option of the command line leaves the limit out.
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if limit and (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
    if not writable(Path(RESULTS)):
        raise WorkflowError(
            f"{RESULTS} cannot be written to (read-only, or of another user). Make it writable, or write elsewhere with"
            " --config results=FOLDER; then the same command continues."
        )
    ahead = from_the_future([RESULTS, "config", "workflow", FOLDER])
    if ahead:
        raise WorkflowError(
            f"{len(ahead)} files are dated later than now, such as {ahead[0]}: the clock was set back. Once it is right,"
            f" date them now (find {RESULTS} config workflow {FOLDER} -newermt now -exec touch {{}} +); then the same command"
            " continues."
        )


onerror:
    if full(RESULTS):
        print(f"The disk of {RESULTS} is full. Make room there; then the same command continues.", file=sys.stderr)
    if not config["partial"]:
        print(
            "Jobs failed; each one's log says why. Mended, the same command continues. To report on the experiments that have"
            " finished, and name the others: add --config partial=True (and run with --keep-going first, so that all do).",
            file=sys.stderr,
        )
