"""Figures of single runs, each its own rule."""


rule heatmap:
    input:
        code=code("heatmap"),
        trajectory=rules.train.output.trajectory,
        facts=rules.train.output.facts,
        convergence=rules.phase1.output.convergence,
    output:
        run_figure("heatmap"),
    log:
        f"{RESULTS}/logs/heatmap/{{experiment}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        metric=config["phase1"]["metrics"][0],
        stem=subpath(output[0], strip_suffix=".webp"),
    message:
        "Heatmap of {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]} --trajectory {input.trajectory} --convergence {input.convergence} --run {input.facts}"
        " --metric {params.metric} --out {params.stem} > {log} 2>&1"


rule figure_moments:
    input:
        code=code("figure_moments"),
        plan=rules.phase2.output.plan,
        jumps=rules.phase1.output.jumps,
        trajectory=rules.train.output.trajectory,
    output:
        run_figure("moments"),
    log:
        f"{RESULTS}/logs/figure_moments/{{experiment}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        metric=config["phase1"]["metrics"][0],
        run=lambda wildcards, output: str(Path(output[0]).parent),
        stem=subpath(output[0], strip_suffix=".webp"),
    message:
        "Figure: event windows of {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]} --run {params.run} --metric {params.metric} --out {params.stem} > {log} 2>&1"


rule figure_similarity:
    input:
        code=code("figure_similarity"),
        plan=rules.phase2.output.plan,
        measurements=rules.phase2.output.measurements,
        facts=rules.train.output.facts,
    output:
        run_figure("similarity"),
    log:
        f"{RESULTS}/logs/figure_similarity/{{experiment}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        run=lambda wildcards, output: str(Path(output[0]).parent),
        stem=subpath(output[0], strip_suffix=".webp"),
    message:
        "Figure: similarity between steps of {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]} --run {params.run} --out {params.stem} > {log} 2>&1"


rule figure_attention:
    input:
        code=code("figure_attention"),
        plan=rules.phase2.output.plan,
        maps=rules.phase2.output.maps,
    output:
        run_figure("attention"),
    log:
        f"{RESULTS}/logs/figure_attention/{{experiment}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        run=lambda wildcards, output: str(Path(output[0]).parent),
        stem=subpath(output[0], strip_suffix=".webp"),
    message:
        "Figure: attention maps of {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]} --run {params.run} --out {params.stem} > {log} 2>&1"


rule figure_filters:
    input:
        code=code("figure_filters"),
        plan=rules.phase2.output.plan,
        measurements=rules.phase2.output.measurements,
        maps=rules.phase2.output.maps,
    output:
        run_figure("filters"),
    log:
        f"{RESULTS}/logs/figure_filters/{{experiment}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=memory(1000),
        runtime=10,
    params:
        run=lambda wildcards, output: str(Path(output[0]).parent),
        stem=subpath(output[0], strip_suffix=".webp"),
    message:
        "Figure: filters of {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]} --run {params.run} --out {params.stem} > {log} 2>&1"
