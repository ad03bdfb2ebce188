"""Statistics of each run, and one table of all runs."""


rule phase1:
    input:
        code=code("phase1"),
        trajectory=rules.train.output.trajectory,
        training=rules.train.output.training,
        facts=rules.train.output.facts,
    output:
        convergence=f"{RUN}/convergence.parquet",
        jumps=f"{RUN}/jumps.parquet",
        critical=f"{RUN}/critical.parquet",
        summary=f"{RUN}/phase1.json",
    log:
        f"{RESULTS}/logs/phase1/{{experiment}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        **config["phase1"],
        run=subpath(output.summary, parent=True),
    message:
        "Phase 1 of {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]} --run {params.run} --metric {params.metric} --threshold {params.threshold}"
        " --window {params.window} --tolerance {params.tolerance} --quantile {params.quantile} > {log} 2>&1"


rule aggregate:
    input:
        code=code("aggregate"),
        sheet=config["experiments"],
        facts=every_run("run.json"),
        summaries=every_run("phase1.json"),
        trajectories=every_run("trajectory.parquet"),
    output:
        f"{RESULTS}/study/experiments.parquet",
    log:
        f"{RESULTS}/logs/aggregate.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        seeds=config["seeds"],
        runs=runs_folder("facts"),
    message:
        "Collecting all runs"
    shell:
        "python {input.code[0]} --sheet {input.sheet} --seeds {params.seeds} --runs {params.runs} --out {output} > {log} 2>&1"
