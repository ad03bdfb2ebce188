"""Statistics of each run, of all runs together, and the validity of jump detectors."""


rule jumps:
    input:
        code=code("jumps"),
        data=rules.train.input.data,
        own=own_network,
        trajectory=rules.train.output.trajectory,
        training=rules.train.output.training,
        facts=rules.train.output.facts,
        checksums=rules.train.output.checksums,
        checkpoints=rules.train.output.checkpoints,
        provenance=rules.train.output.provenance,
    output:
        candidates=f"{RUN}/candidates.parquet",
        steps=f"{RUN}/candidate_steps.parquet",
    log:
        f"{RESULTS}/logs/jumps/{{experiment}}-seed{{seed}}.log",
    priority: slowness
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **GPU,
        mem_mb=memory(1500),
        runtime=30,
    params:
        run=subpath(output.candidates, parent=True),
        architecture=lambda wildcards: json.dumps(network(wildcards)),
        training=section("training"),
        checkpoint_every=config["checkpoints"]["every"],
        device=config["device"],
        metrics=config["phase1"]["metrics"],
        level=config["phase1"]["level"],
        surrogates=config["phase1"]["surrogates"],
        every=config["tracking"]["every"],
        token_limit=config["tracking"]["token_limit"],
    message:
        "Looking for jumps in {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]:q} --run {params.run:q} --data {input.data:q} --experiment {wildcards.experiment:q}"
        " --seed {wildcards.seed:q} --architecture {params.architecture:q} --training {params.training:q}"
        " --checkpoint-every {params.checkpoint_every:q} --device {params.device:q} --metrics {params.metrics:q}"
        " --level {params.level:q} --surrogates {params.surrogates:q} --every {params.every:q}"
        " --token-limit {params.token_limit:q} > {log:q} 2>&1"


rule phase1:
    input:
        code=code("phase1"),
        candidates=rules.jumps.output.candidates,
        trajectory=rules.train.output.trajectory,
        training=rules.train.output.training,
        facts=rules.train.output.facts,
    output:
        convergence=f"{RUN}/convergence.parquet",
        layers=f"{RUN}/layers.parquet",
        jumps=f"{RUN}/jumps.parquet",
        critical=f"{RUN}/critical.parquet",
        summary=f"{RUN}/phase1.json",
    log:
        f"{RESULTS}/logs/phase1/{{experiment}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        **config["phase1"],
        run=subpath(output.summary, parent=True),
    message:
        "Phase 1 of {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]:q} --run {params.run:q} --metrics {params.metrics:q} --surrogates {params.surrogates:q}"
        " --threshold {params.threshold:q} --window {params.window:q} --tolerance {params.tolerance:q}"
        " --quantile {params.quantile:q} --level {params.level:q} > {log:q} 2>&1"


rule aggregate:
    input:
        code=code("aggregate"),
        sheet=SHEET,
        facts=every_run("run.json"),
        summaries=every_run("phase1.json"),
        trajectories=every_run("trajectory.parquet"),
    output:
        table("experiments.parquet"),
    log:
        f"{RESULTS}/logs/aggregate.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        seeds=config["seeds"],
        runs=runs_folder,
    message:
        "Collecting all runs"
    shell:
        "python {input.code[0]:q} --sheet {input.sheet:q} --seeds {params.seeds:q} --runs {params.runs:q}"
        " --out {output:q} > {log:q} 2>&1"


rule pooled:
    input:
        code=code("pooled"),
        sheet=SHEET,
        facts=every_run("run.json"),
        summaries=every_run("phase1.json"),
        candidates=every_run("candidates.parquet"),
        jumps=every_run("jumps.parquet"),
    output:
        statistics=table("statistics.parquet"),
        types=table("jump_types.json"),
    log:
        f"{RESULTS}/logs/pooled.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        seeds=config["seeds"],
        runs=runs_folder,
    message:
        "Statistics of all runs by family"
    shell:
        "python {input.code[0]:q} --runs {params.runs:q} --sheet {input.sheet:q} --seeds {params.seeds:q}"
        " --statistics {output.statistics:q} --types {output.types:q} > {log:q} 2>&1"


rule findings:
    input:
        code=code("findings"),
        sheet=SHEET,
        facts=every_run("run.json"),
        trajectories=every_run("trajectory.parquet"),
        training=every_run("training.parquet"),
    output:
        findings=table("findings.parquet"),
        layers=table("finding_layers.parquet"),
    log:
        f"{RESULTS}/logs/findings.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=60,
    params:
        seeds=config["seeds"],
        runs=runs_folder,
        metric=config["phase1"]["metrics"][0],
        level=config["phase1"]["level"],
    message:
        "Asking what no published claim asks"
    shell:
        "python {input.code[0]:q} --runs {params.runs:q} --sheet {input.sheet:q} --seeds {params.seeds:q}"
        " --metric {params.metric:q} --level {params.level:q} --findings {output.findings:q} --layers {output.layers:q}"
        " > {log:q} 2>&1"


rule battery:
    input:
        code=code("battery"),
    output:
        table("battery.parquet"),
    log:
        f"{RESULTS}/logs/battery.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        draws=config["validity"]["draws"],
        level=config["phase1"]["level"],
    message:
        "Trying jump detectors where the truth is known"
    shell:
        "python {input.code[0]:q} --draws {params.draws:q} --level {params.level:q} --out {output:q} > {log:q} 2>&1"


rule validity:
    input:
        code=code("validity"),
        battery=rules.battery.output,
        sheet=SHEET,
        trajectories=every_run("trajectory.parquet"),
    output:
        validity=table("validity.parquet"),
        verdicts=table("validity_verdicts.parquet"),
        agreement=table("agreement.parquet"),
    log:
        f"{RESULTS}/logs/validity.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=30,
    params:
        seeds=config["seeds"],
        runs=runs_folder,
        metric=config["phase1"]["metrics"][0],
        draws=config["validity"]["draws"],
        level=config["phase1"]["level"],
    message:
        "Trying jump detectors on measured trajectories"
    shell:
        "python {input.code[0]:q} --battery {input.battery:q} --runs {params.runs:q} --sheet {input.sheet:q}"
        " --seeds {params.seeds:q} --metric {params.metric:q} --draws {params.draws:q} --level {params.level:q}"
        " --validity {output.validity:q} --verdicts {output.verdicts:q} --agreement {output.agreement:q} > {log:q} 2>&1"
