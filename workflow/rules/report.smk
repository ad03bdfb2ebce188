"""Figures, each its own rule, and the page that shows them."""

FIGURES = f"{RESULTS}/figures"


rule heatmap:
    input:
        code=code("heatmap"),
        trajectory=rules.train.output.trajectory,
        facts=rules.train.output.facts,
        convergence=rules.phase1.output.convergence,
    output:
        multiext(f"{RUN}/heatmap", ".png", ".svg", ".webp"),
    log:
        f"{RESULTS}/logs/heatmap/{{experiment}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        metric=config["phase1"]["metrics"][0],
        stem=subpath(output[0], strip_suffix=".png"),
    message:
        "Heatmap of {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]} --trajectory {input.trajectory} --convergence {input.convergence} --run {input.facts}"
        " --metric {params.metric} --out {params.stem} > {log} 2>&1"


rule figure_learning_curves:
    input:
        code=code("figure_learning_curves"),
        experiments=rules.aggregate.output,
        training=every_run("training.parquet"),
    output:
        multiext(f"{FIGURES}/{{quantity,loss|accuracy}}_curves", ".png", ".svg", ".webp"),
    log:
        f"{RESULTS}/logs/figures/{{quantity}}_curves.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        runs=runs_folder("training"),
        stem=subpath(output[0], strip_suffix=".png"),
    message:
        "Figure: {wildcards.quantity} on the probe set"
    shell:
        "python {input.code[0]} --experiments {input.experiments} --runs-root {params.runs} --quantity {wildcards.quantity}"
        " --out {params.stem} > {log} 2>&1"


rule figure_dimension_curves:
    input:
        code=code("figure_dimension_curves"),
        experiments=rules.aggregate.output,
        trajectories=every_run("trajectory.parquet"),
    output:
        multiext(f"{FIGURES}/dimension_curves", ".png", ".svg", ".webp"),
    log:
        f"{RESULTS}/logs/figures/dimension_curves.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        runs=runs_folder("trajectories"),
        metric=config["phase1"]["metrics"][0],
        stem=subpath(output[0], strip_suffix=".png"),
    message:
        "Figure: dimension during training"
    shell:
        "python {input.code[0]} --experiments {input.experiments} --runs-root {params.runs} --metric {params.metric}"
        " --out {params.stem} > {log} 2>&1"


rule figure_final_dimension:
    input:
        code=code("figure_final_dimension"),
        experiments=rules.aggregate.output,
    output:
        multiext(f"{FIGURES}/final_dimension", ".png", ".svg", ".webp"),
    log:
        f"{RESULTS}/logs/figures/final_dimension.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        stem=subpath(output[0], strip_suffix=".png"),
    message:
        "Figure: dimension at the end of training"
    shell:
        "python {input.code[0]} --experiments {input.experiments} --out {params.stem} > {log} 2>&1"


rule report:
    input:
        code=code("report"),
        template="workflow/repdyn/templates/index.html.j2",
        experiments=rules.aggregate.output,
        figures=expand(
            f"{FIGURES}/{{name}}.webp",
            name=["loss_curves", "accuracy_curves", "dimension_curves", "final_dimension"],
        ),
        heatmaps=every_run("heatmap.webp"),
        provenance=every_run("provenance.json"),
        evidence=[
            rules.ledger.output.ledger,
            rules.pooled.output.statistics,
            rules.validity.output.validity,
            rules.validity.output.verdicts,
            rules.validity.output.agreement,
        ],
    output:
        f"{RESULTS}/report/index.html",
    log:
        f"{RESULTS}/logs/report.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        runs=runs_folder("provenance"),
        figures=lambda wildcards, input: str(Path(input.figures[0]).parent),
    message:
        "Writing {output}"
    shell:
        "python {input.code[0]} --experiments {input.experiments} --runs-root {params.runs} --figures-dir {params.figures}"
        " --evidence {input.evidence} --out {output} > {log} 2>&1"
