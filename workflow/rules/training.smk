"""Training with tracking and checkpoints, one job per run."""


rule train:
    input:
        code=code("train"),
        data=lambda wildcards: f"{RESULTS}/data/{STUDY.experiments[wildcards.experiment][1]}.safetensors",
        own=own_network,
    output:
        trajectory=f"{RUN}/trajectory.parquet",
        training=f"{RUN}/training.parquet",
        facts=f"{RUN}/run.json",
        checksums=f"{RUN}/checkpoints.json",
        checkpoints=directory(f"{RUN}/checkpoints"),
        provenance=f"{RUN}/provenance.json",
    log:
        f"{RESULTS}/logs/train/{{experiment}}-seed{{seed}}.log",
    priority: slowness
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        **GPU,
        mem_mb=memory(1500),
        runtime=60,
    params:
        out=subpath(output.facts, parent=True),
        name=architecture,
        architecture=lambda wildcards: json.dumps(network(wildcards)),
        training=section("training"),
        tracking=section("tracking"),
        checkpoint_every=config["checkpoints"]["every"],
        device=config["device"],
        dispatch=config["dispatch"],
    message:
        "Training {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]:q} --data {input.data:q} --experiment {wildcards.experiment:q} --seed {wildcards.seed:q}"
        " --architecture-name {params.name:q} --architecture {params.architecture:q} --training {params.training:q}"
        " --tracking {params.tracking:q} --checkpoint-every {params.checkpoint_every:q} --device {params.device:q}"
        " --out {params.out:q} > {log:q} 2>&1"
