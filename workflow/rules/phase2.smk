"""What changes inside each network at its jumps, measured on replayed checkpoints."""


rule phase2:
    input:
        code=code("phase2"),
        modules=measures,
        data=rules.train.input.data,
        own=own_network,
        facts=rules.train.output.facts,
        jumps=rules.phase1.output.jumps,
        checksums=rules.train.output.checksums,
        checkpoints=rules.train.output.checkpoints,
        training=rules.train.output.training,
        provenance=rules.train.output.provenance,
    output:
        plan=f"{RUN}/moments.json",
        measurements=f"{RUN}/measurements.parquet",
        maps=f"{RUN}/maps.safetensors",
        provenance=f"{RUN}/phase2_provenance.json",
    log:
        f"{RESULTS}/logs/phase2/{{experiment}}-seed{{seed}}.log",
    priority: slowness
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **GPU,
        mem_mb=memory(2000),
        runtime=30,
    params:
        run=subpath(output.measurements, parent=True),
        architecture=lambda wildcards: json.dumps(network(wildcards)),
        training=section("training"),
        checkpoint_every=config["checkpoints"]["every"],
        device=config["device"],
        metric=config["phase1"]["metrics"][0],
        grid=config["phase2"]["grid"],
        window=config["phase2"]["window"],
        most=json.dumps(config["phase2"]["jumps"]),
    message:
        "Looking inside {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]:q} --run {params.run:q} --data {input.data:q} --experiment {wildcards.experiment:q}"
        " --seed {wildcards.seed:q} --architecture {params.architecture:q} --training {params.training:q}"
        " --checkpoint-every {params.checkpoint_every:q} --device {params.device:q} --metric {params.metric:q}"
        " --grid {params.grid:q} --window {params.window:q} --most {params.most:q} > {log:q} 2>&1"


rule hypotheses:
    input:
        code=code("hypotheses"),
        declared=project(HYPOTHESES),
        sheet=SHEET,
        facts=every_run("run.json"),
        plans=every_run("moments.json"),
        measurements=every_run("measurements.parquet"),
    output:
        hypotheses=table("hypotheses.parquet"),
        contrasts=table("contrasts.parquet"),
        measurements=table("measurements.parquet"),
        moments=table("moments.parquet"),
    log:
        f"{RESULTS}/logs/hypotheses.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=20,
    params:
        seeds=config["seeds"],
        runs=runs_folder,
    message:
        "Testing what changes at jumps against matched controls"
    shell:
        "python {input.code[0]:q} --runs {params.runs:q} --sheet {input.sheet:q} --seeds {params.seeds:q}"
        " --declared {input.declared:q} --hypotheses {output.hypotheses:q} --contrasts {output.contrasts:q}"
        " --measurements {output.measurements:q} --moments {output.moments:q} > {log:q} 2>&1"
