"""Datasets, one file each."""


rule dataset:
    input:
        code=code("dataset"),
        loader=loader,
    output:
        f"{RESULTS}/data/{{dataset}}.safetensors",
    log:
        f"{RESULTS}/logs/dataset/{{dataset}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        kind=lambda wildcards: STUDY.datasets[wildcards.dataset]["kind"],
        seed=config["data_seed"],
        options=lambda wildcards: json.dumps(STUDY.datasets[wildcards.dataset]["options"] | original_files(wildcards)),
    message:
        "Preparing dataset {wildcards.dataset}"
    shell:
        "python {input.code[0]} --name {wildcards.dataset} --kind {params.kind} --seed {params.seed}"
        " --options {params.options:q} --out {output} > {log} 2>&1"
