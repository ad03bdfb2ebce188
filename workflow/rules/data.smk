"""Datasets, one file each, and the original files of those that are read from files."""


localrules:
    download,


# Only files that are missing when Snakemake starts are outputs of this rule: nothing that lies there is ever replaced.
# One job per file, because the outputs of a failed job are deleted, and all cores of this machine, because one
# connection is polite (workflow.cores is unknown on a login node).
rule download:
    input:
        code=code("download"),
        sources=given(config["downloads"]),
    output:
        f"{DATA}/{{original}}",
    log:
        f"{RESULTS}/logs/download/{{original}}.log",
    wildcard_constraints:
        original="|".join(map(re.escape, missing())) or "(?!)",
    priority: 100
    conda:
        ENVIRONMENT
    threads: available_cpu_count()
    params:
        mirror=config["mirror"] or "",
        sheet=given(config["experiments"]),
        experiments=lambda wildcards: readers(STUDY, wildcards.original.split("/")[0]),
    message:
        "Downloading {wildcards.original}"
    shell:
        "python {input.code[0]:q} --out {output:q} --sources {input.sources:q} --mirror={params.mirror:q}"
        " --sheet {params.sheet:q} --experiments {params.experiments:q} > {log:q}"


rule dataset:
    input:
        code=code("dataset"),
        loader=loader,
        originals=originals,
    output:
        f"{RESULTS}/data/{{dataset}}.safetensors",
    log:
        f"{RESULTS}/logs/dataset/{{dataset}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        kind=lambda wildcards: STUDY.datasets[wildcards.dataset]["kind"],
        size=lambda wildcards: STUDY.datasets[wildcards.dataset].get("size", 0),
        seed=config["data_seed"],
        options=loader_options,
        own=own_dataset,
    message:
        "Preparing dataset {wildcards.dataset}"
    shell:
        "python {input.code[0]:q} --name {wildcards.dataset:q} --kind {params.kind:q} --size {params.size:q}"
        " --seed {params.seed:q} --options {params.options:q} --own {params.own:q} --out {output:q} > {log:q} 2>&1"
