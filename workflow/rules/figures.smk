"""Figures, each its own rule."""


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
        runs=runs_folder,
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
        runs=runs_folder,
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


rule figure_moments:
    input:
        code=code("figure_moments"),
        plan=rules.moments.output,
        trajectory=rules.train.output.trajectory,
    output:
        multiext(f"{RUN}/moments", ".png", ".svg", ".webp"),
    log:
        f"{RESULTS}/logs/figure_moments/{{experiment}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        metric=config["phase1"]["metrics"][0],
        run=lambda wildcards, output: str(Path(output[0]).parent),
        stem=subpath(output[0], strip_suffix=".png"),
    message:
        "Figure: moments of {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]} --run {params.run} --metric {params.metric} --out {params.stem} > {log} 2>&1"


rule figure_similarity:
    input:
        code=code("figure_similarity"),
        plan=rules.moments.output,
        measurements=rules.phase2.output.measurements,
        facts=rules.train.output.facts,
    output:
        multiext(f"{RUN}/similarity", ".png", ".svg", ".webp"),
    log:
        f"{RESULTS}/logs/figure_similarity/{{experiment}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        run=lambda wildcards, output: str(Path(output[0]).parent),
        stem=subpath(output[0], strip_suffix=".png"),
    message:
        "Figure: similarity between steps of {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]} --run {params.run} --out {params.stem} > {log} 2>&1"


rule figure_attention:
    input:
        code=code("figure_attention"),
        plan=rules.moments.output,
        maps=rules.phase2.output.maps,
    output:
        multiext(f"{RUN}/attention", ".png", ".svg", ".webp"),
    log:
        f"{RESULTS}/logs/figure_attention/{{experiment}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        run=lambda wildcards, output: str(Path(output[0]).parent),
        stem=subpath(output[0], strip_suffix=".png"),
    message:
        "Figure: attention maps of {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]} --run {params.run} --out {params.stem} > {log} 2>&1"


rule figure_filters:
    input:
        code=code("figure_filters"),
        plan=rules.moments.output,
        measurements=rules.phase2.output.measurements,
        maps=rules.phase2.output.maps,
    output:
        multiext(f"{RUN}/filters", ".png", ".svg", ".webp"),
    log:
        f"{RESULTS}/logs/figure_filters/{{experiment}}-seed{{seed}}.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        run=lambda wildcards, output: str(Path(output[0]).parent),
        stem=subpath(output[0], strip_suffix=".png"),
    message:
        "Figure: filters of {wildcards.experiment}, seed {wildcards.seed}"
    shell:
        "python {input.code[0]} --run {params.run} --out {params.stem} > {log} 2>&1"


rule figure_specialisation:
    input:
        code=code("figure_specialisation"),
        experiments=rules.aggregate.output,
        measurements=every_run("measurements.parquet", ("transformer",)),
    output:
        multiext(f"{FIGURES}/specialisation", ".png", ".svg", ".webp"),
    log:
        f"{RESULTS}/logs/figures/specialisation.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        stem=subpath(output[0], strip_suffix=".png"),
        runs=runs_folder,
    message:
        "Figure: attention entropy and specialisation of heads"
    shell:
        "python {input.code[0]} --experiments {input.experiments} --runs-root {params.runs}"
        " --out {params.stem} > {log} 2>&1"


rule figure_selectivity:
    input:
        code=code("figure_selectivity"),
        experiments=rules.aggregate.output,
        plans=every_run("moments.json", ("mlp", "cnn")),
        measurements=every_run("measurements.parquet", ("mlp", "cnn")),
    output:
        multiext(f"{FIGURES}/selectivity", ".png", ".svg", ".webp"),
    log:
        f"{RESULTS}/logs/figures/selectivity.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        stem=subpath(output[0], strip_suffix=".png"),
        runs=runs_folder,
    message:
        "Figure: selectivity of units and channels"
    shell:
        "python {input.code[0]} --experiments {input.experiments} --runs-root {params.runs}"
        " --out {params.stem} > {log} 2>&1"


rule figure_hypotheses:
    input:
        code=code("figure_hypotheses"),
        hypotheses=rules.hypotheses.output.hypotheses,
        contrasts=rules.hypotheses.output.contrasts,
    output:
        multiext(f"{FIGURES}/hypotheses", ".png", ".svg", ".webp"),
    log:
        f"{RESULTS}/logs/figures/hypotheses.log",
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        stem=subpath(output[0], strip_suffix=".png"),
    message:
        "Figure: contrasts of all hypotheses"
    shell:
        "python {input.code[0]} --hypotheses {input.hypotheses} --contrasts {input.contrasts}"
        " --out {params.stem} > {log} 2>&1"
